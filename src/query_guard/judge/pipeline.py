"""The straight line: window, facts, detectors, report, reporters."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from time import time
from typing import Any, NamedTuple

from query_guard.capture.freeze.facts import freeze
from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.live.holders import due_suspicions
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window
from query_guard.detectors import Detector
from query_guard.judge.allowances import allowance_for
from query_guard.judge.listeners import listeners
from query_guard.judge.triggers import NONE_TRIGGERED, Triggered, TriggerIndex
from query_guard.own_errors import report_own_error
from query_guard.records import Allowance, Facts, Finding, Numbers, Report, Request, Silence, Statement
from query_guard.reporters import Reporter

_ids = random.Random()  # the application's own generator is not touched
os.register_at_fork(after_in_child=_ids.seed)


class Pipeline:
    """What one middleware does with each request: judge, report, remember."""

    def __init__(
        self, detectors: Sequence[Detector], reporters: Sequence[Reporter], allowances: Sequence[Allowance] = ()
    ) -> None:
        self.triggers = TriggerIndex(detectors)
        self.pools: dict[int, int] = {}
        """By serial, how far each pool had grown when it was last judged."""
        self.reporters = reporters
        self.allowances = allowances
        self._quiet_subscribers = [getattr(reporter, "wants_quiet_reports", _always) for reporter in reporters]
        self._suspicion_reporters = [reporter.suspect for reporter in reporters if hasattr(reporter, "suspect")]

    def wants_quiet_reports(self) -> bool:
        """Whether anyone would be told of a request without findings.

        A reporter is, unless it has a method `wants_quiet_reports` that says otherwise.
        """
        if listeners:
            return True
        try:
            for hears in self._quiet_subscribers:  # a generator would cost each request more than the question
                if hears():
                    return True
        except Exception:
            report_own_error("a reporter could not be triggered what it hears of", own=False)
            return True
        return False

    def publish(self, report: Report) -> None:
        """Hand a finished report to the tests that watch and to each reporter; a reporter that fails is logged once."""
        for listener in tuple(listeners):
            listener(report)
        for reporter in self.reporters:
            try:
                reporter(report)
            except Exception:
                report_own_error(f"reporter {_name(reporter)} failed", own=False)
        self._tell_suspicions()

    def _tell_suspicions(self) -> None:
        """Tell those who listen (reporters with a method `suspect`) which held connections look forgotten by now."""
        for suspicion in due_suspicions() if self._suspicion_reporters else ():
            for tell in self._suspicion_reporters:
                try:
                    tell(*suspicion)
                except Exception:
                    report_own_error("a suspicion could not be told", own=False)


class RunningReport:
    """The report of a window while it goes on: what was judged for the headers is not judged again at the end.

    Only detectors that look at how connections and transactions end (`at_end`) see the facts twice.
    """

    def __init__(self, pipeline: Pipeline, recorder: Recorder, window: Window, identity: str) -> None:
        self._pipeline = pipeline
        self._recorder = recorder
        self._window = window
        self._identity = identity
        self._figures = WindowFigures(recorder, pipeline.pools)
        self._statements: tuple[Statement, ...] = ()
        self._verdict: Verdict | None = None
        self._steady: list[Detector] = []
        """Detectors that have been triggered, and are again where a statement has followed."""
        self._of_ends: list[Detector] = []
        """Detectors that have looked at the ends once, and must be triggered again for the last word."""

    def for_headers(self, request: Request) -> tuple[Numbers, tuple[Finding, ...]]:
        """Return what headers say: numbers and loud findings."""
        triggered = self._pipeline.triggers.triggered(self._figures.figures(request))
        if triggered is None:
            return self._figures.numbers(), ()
        _, verdict = self._judged(request, triggered, checkouts=triggered.look_at_checkouts)
        return self._figures.numbers(), tuple([finding for finding in verdict.findings if finding.is_loud])

    def at_end(self, request: Request) -> Report | None:
        """Return the finished report, or None where nothing was found and nobody wants to hear of that."""
        figures = self._figures.figures(request)
        triggered = self._pipeline.triggers.triggered(figures)
        if triggered is None and self._verdict is None and not self._pipeline.wants_quiet_reports():
            return None
        if request.kind == "http" and (figures is None or figures.changed_pools):
            self._figures.note_pools()  # before they are read again: what changes meanwhile is for the next request
        facts, verdict = self._judged(request, triggered or NONE_TRIGGERED)
        return Report(self._identity, time() - facts.duration, facts, verdict.findings, verdict.silences)

    def _judged(self, request: Request, triggered: Triggered, *, checkouts: bool = True) -> tuple[Facts, Verdict]:
        """Return all that is known now, and what is to be said of it."""
        facts = freeze(self._recorder, request, self._window.late, self._statements, checkouts=checkouts)
        allowances = (*self._pipeline.allowances, *self._recorder.allowances)
        news = [one for one in triggered.steady if one not in self._steady]
        if self._verdict is None or news or facts.statements is not self._statements:
            self._statements = facts.statements
            self._steady += news
            self._verdict = judge(facts, self._steady, allowances)
        self._of_ends += [one for one in triggered.of_ends if one not in self._of_ends]
        if not self._of_ends:
            return facts, self._verdict
        ends = judge(facts, self._of_ends, allowances)
        both = ranked((*self._verdict.findings, *ends.findings))
        return facts, Verdict(both, (*self._verdict.silences, *ends.silences))


class Verdict(NamedTuple):
    findings: tuple[Finding, ...]
    silences: tuple[Silence, ...]


def judge(facts: Facts, detectors: Sequence[Detector], allowances: Sequence[Allowance] = ()) -> Verdict:
    """Return what the detectors find and what they are silent about; one that fails is logged once and says nothing."""
    verdicts: list[Finding | Silence] = []
    for detector in detectors:
        try:
            verdicts += tuple(detector(facts))
        except Exception:
            report_own_error(f"detector {_name(detector)} failed")
    endpoint = facts.request.endpoint.function if facts.request.endpoint else ""
    findings: list[Finding] = []
    silences: list[Silence] = []
    for verdict in verdicts:
        if isinstance(verdict, Silence):
            silences.append(verdict)
            continue
        allowance = allowance_for(verdict, allowances) if allowances else None
        if allowance is None:
            findings.append(_placed(verdict, endpoint))
        elif allowance.has_expired:
            findings.append(replace(_placed(verdict, endpoint), fix=f"{verdict.fix}; {allowance.expiry}"))
        else:
            reason = f"{verdict.kind} is allowed by {allowance}"
            silences.append(Silence(verdict.kind, reason, verdict.site, verdict.count, verdict.statements))
    return Verdict(ranked(findings), tuple(silences))


def _placed(finding: Finding, endpoint: str) -> Finding:
    """Name the endpoint where no line of the application was running."""
    return finding if finding.site.frames or not endpoint else replace(finding, endpoint=endpoint)


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Order findings by what mending them wins, the loud ones first."""
    if len(findings) <= 1:
        return tuple(findings)
    return tuple(sorted(findings, key=lambda finding: (not finding.is_loud, -finding.saving)))


def report_id() -> str:
    return "%016x" % _ids.getrandbits(64)  # noqa: UP031 - each request pays for it


def _always() -> bool:
    return True


def _name(part: Any) -> str:
    return getattr(part, "__qualname__", None) or type(part).__qualname__
