"""The straight line: window, facts, detectors, report, reporters."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import time
from typing import Any, TypeVar

from query_guard.allowances import Allowance, allowance_for
from query_guard.capture.facts import freeze
from query_guard.capture.recorder import Recorder, Window
from query_guard.capture.trouble import report_trouble
from query_guard.detectors import Detector
from query_guard.records import Facts, Finding, Report, Request, Silence
from query_guard.reporters import Reporter

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_BUDGET = "__query_guard_max_queries__"
listeners: list[Callable[[Report], None]] = []
"""Called with each finished report of any middleware of the process: tests watch this way."""


class Profile:
    """What one middleware does with each request: judge, report, remember."""

    def __init__(
        self, detectors: Sequence[Detector], reporters: Sequence[Reporter], allowances: Sequence[Allowance] = ()
    ) -> None:
        self.detectors = detectors
        self.reporters = reporters
        self.allowances = allowances

    def report(
        self, window: Window, recorder: Recorder, request: Request, identity: str, so_far: Report | None = None
    ) -> Report:
        """Return the report of what a window has recorded so far; call `publish` with the last one."""
        facts = freeze(recorder, request, window.late, so_far.facts.statements if so_far else ())
        started_at = time() - facts.duration
        if so_far is not None and facts.statements is so_far.facts.statements:
            return Report(identity, started_at, facts, so_far.findings, so_far.silences)
        if not facts.query_count and not facts.checkouts and not facts.failed_loads:
            return Report(identity, started_at, facts)
        verdict = judge(facts, self.detectors, (*self.allowances, *recorder.allowances))
        return Report(identity, started_at, facts, *verdict)

    def publish(self, report: Report) -> None:
        """Hand a finished report to the tests that watch and to each reporter; a reporter that fails is logged once."""
        for listener in tuple(listeners):
            listener(report)
        for reporter in self.reporters:
            try:
                reporter(report)
            except Exception:
                report_trouble(f"reporter {_name(reporter)} failed")


def judge(
    facts: Facts, detectors: Sequence[Detector], allowances: Sequence[Allowance] = ()
) -> tuple[tuple[Finding, ...], tuple[Silence, ...]]:
    """Return what the detectors find and what they are silent about; one that fails is logged once and says nothing."""
    verdicts: list[Finding | Silence] = []
    for detector in detectors:
        try:
            verdicts += tuple(detector(facts))
        except Exception:
            report_trouble(f"detector {_name(detector)} failed")
    endpoint = facts.request.endpoint.function if facts.request.endpoint else ""
    findings: list[Finding] = []
    silences: list[Silence] = []
    for verdict in verdicts:
        if isinstance(verdict, Silence):
            silences.append(verdict)
        elif allowance := allowance_for(verdict, allowances):
            reason = f"{verdict.kind} is allowed by {allowance.pattern!r}"
            silences.append(Silence(verdict.kind, reason, verdict.site, verdict.count, verdict.statements))
        else:
            findings.append(replace(verdict, endpoint=endpoint))
    return ranked(findings), tuple(silences)


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Order findings by what mending them wins, the loud ones first."""
    return tuple(sorted(findings, key=lambda finding: (not finding.is_loud, -finding.saving)))


def query_budget(*, max_queries: int) -> Callable[[Endpoint], Endpoint]:
    """Declare on an endpoint how many statements it may send; more is a `statement_budget` finding."""
    if isinstance(max_queries, bool) or not isinstance(max_queries, int) or max_queries < 0:
        raise ValueError(f"query_budget: max_queries must be an integer of at least 0, not {max_queries!r}")

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _BUDGET, max_queries)
        return endpoint

    return declare


def declared_budget(endpoint: Any) -> int | None:
    """Return the budget that `query_budget` left on an endpoint."""
    budget = getattr(endpoint, _BUDGET, None)
    return budget if isinstance(budget, int) else None


def report_id() -> str:
    return os.urandom(8).hex()


def _name(part: Any) -> str:
    return getattr(part, "__qualname__", None) or type(part).__qualname__
