"""The report of one window, asked for twice: for the headers of the response, and when all has ended."""

from __future__ import annotations

from time import time

from query_guard.capture.freeze.facts import freeze
from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window
from query_guard.detectors import Detector
from query_guard.judge.pipeline import Pipeline
from query_guard.judge.trace import current_trace
from query_guard.judge.triggers import NONE_TRIGGERED, Triggered
from query_guard.judge.verdict import Verdict, judge, ranked
from query_guard.records import Facts, Finding, Numbers, Report, Request, Statement


class RunningReport:
    """The report of a window while it goes on. What was judged for the headers is not judged again at the end, unless
    a statement has followed.

    Two kinds of detectors are triggered. Those that look at statements run once; their verdict is kept. Those that look
    at how connections and transactions end (`at_end`) run each time, since only the last time knows.
    """

    def __init__(self, pipeline: Pipeline, recorder: Recorder, window: Window, identity: str) -> None:
        self._pipeline = pipeline
        self._recorder = recorder
        self._window = window
        self._identity = identity
        self._figures = WindowFigures(recorder, pipeline.pools)
        self._statements: tuple[Statement, ...] = ()
        """Those that the kept verdict is about."""
        self._verdict: Verdict | None = None
        """The kept verdict of the detectors of statements."""
        self._of_statements: list[Detector] = []
        self._of_ends: list[Detector] = []

    def for_headers(self, request: Request) -> tuple[Numbers, tuple[Finding, ...]]:
        """Return what headers say: numbers, and findings that are warnings or errors."""
        triggered = self._pipeline.triggers.triggered(self._figures.read(request))
        if triggered is None:
            return self._figures.numbers(), ()
        _, verdict = self._judged(request, triggered, checkouts=triggered.look_at_checkouts)
        return self._figures.numbers(), tuple([finding for finding in verdict.findings if finding.is_loud])

    def at_end(self, request: Request) -> Report | None:
        """Return the finished report, or None where nothing was found and nobody wants to know that."""
        figures = self._figures.read(request)
        triggered = self._pipeline.triggers.triggered(figures)
        if triggered is None and self._verdict is None and not self._pipeline.wants_quiet_reports():
            return None
        if request.kind == "http" and (figures is None or figures.changed_pools):
            self._figures.note_pools()  # before they are read again: what changes meanwhile is for the next request
        facts, verdict = self._judged(request, triggered or NONE_TRIGGERED)
        trace_id, span_id = current_trace()
        return Report(
            self._identity, time() - facts.duration, facts, verdict.findings, verdict.silences,
            trace_id=trace_id, span_id=span_id,
        )  # fmt: skip

    def _judged(self, request: Request, triggered: Triggered, *, checkouts: bool = True) -> tuple[Facts, Verdict]:
        """Return all that is known now, and what is to be said of it."""
        facts = freeze(self._recorder, request, self._window.late, self._statements, checkouts=checkouts)
        allowances = (*self._pipeline.allowances, *self._recorder.allowances)
        first_time = [detector for detector in triggered.of_statements if detector not in self._of_statements]
        if self._verdict is None or first_time or facts.statements is not self._statements:
            self._statements = facts.statements
            self._of_statements += first_time
            self._verdict = judge(facts, self._of_statements, allowances, self._recorder)
        self._of_ends += [detector for detector in triggered.of_ends if detector not in self._of_ends]
        if not self._of_ends:
            return facts, self._verdict
        ends = judge(facts, self._of_ends, allowances, self._recorder)
        both = ranked((*self._verdict.findings, *ends.findings))
        return facts, Verdict(both, (*self._verdict.silences, *ends.silences))
