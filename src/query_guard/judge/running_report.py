"""The report of one window, made twice: for the headers of the response, and at the end."""

from __future__ import annotations

from time import perf_counter, time

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
    """The report of a window that is still open. Statements that were judged for the headers are not judged again at
    the end, unless more have followed.

    Two groups of detectors are triggered. The detectors of statements run once, and their verdict is kept. The
    detectors of ends (`at_end`), which look at how connections and transactions ended, run both times.
    """

    def __init__(
        self, pipeline: Pipeline, recorder: Recorder, window: Window, identity: str, sampled: bool = True
    ) -> None:
        self._pipeline = pipeline
        self._recorder = recorder
        self._window = window
        self._identity = identity
        self._sampled = sampled
        self._figures = WindowFigures(recorder, pipeline.pools)
        self._spent = 0.0
        """Seconds that headers and report have taken."""
        self._statements: tuple[Statement, ...] = ()
        """The statements that the kept verdict is about."""
        self._verdict: Verdict | None = None
        """The verdict of the detectors of statements, kept from the headers to the end."""
        self._of_statements: list[Detector] = []
        self._of_ends: list[Detector] = []

    def for_headers(self, request: Request) -> tuple[Numbers, tuple[Finding, ...]]:
        """Return the content of the headers: numbers, and the findings that are warnings or errors."""
        began = perf_counter()
        triggered = self._pipeline.triggers.triggered(self._figures.read(request))
        loud: tuple[Finding, ...] = ()
        if triggered is not None:
            _, verdict = self._judged(request, triggered, checkouts=triggered.needs_checkouts)
            loud = tuple([finding for finding in verdict.findings if finding.is_loud])
        numbers = self._figures.numbers()
        self._spent += perf_counter() - began
        return numbers, loud

    def at_end(self, request: Request) -> Report | None:
        """Return the finished report, or None where nothing was found and no reporter wants such a report."""
        began = perf_counter()
        report = self._at_end(request)
        self._pipeline.cost.note_judged(self._spent + perf_counter() - began, report)
        return report

    def _at_end(self, request: Request) -> Report | None:
        figures = self._figures.read(request)
        triggered = self._pipeline.triggers.triggered(figures)
        if triggered is None and self._verdict is None and not self._pipeline.wants_quiet_reports():
            return None
        if request.kind == "http" and (figures is None or figures.changed_pools):
            self._figures.note_pools()  # before the facts read them: a change in between is left to the next request
        facts, verdict = self._judged(request, triggered or NONE_TRIGGERED)
        started_at = time() - facts.duration
        report = Report(self._identity, started_at, facts, verdict.findings, verdict.silences, self._sampled)
        report.trace_id, report.span_id = current_trace()
        return report

    def _judged(self, request: Request, triggered: Triggered, *, checkouts: bool = True) -> tuple[Facts, Verdict]:
        """Return the facts up to now, and the verdict on them."""
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
        findings = ranked((*self._verdict.findings, *ends.findings))
        return facts, Verdict(findings, (*self._verdict.silences, *ends.silences))
