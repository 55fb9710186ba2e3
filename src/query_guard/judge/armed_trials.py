"""Fixes that the next request of a route will run with, where somebody develops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from time import time
from typing import NamedTuple

from query_guard.capture.hooks import loader_trial
from query_guard.capture.window.trial import Trial
from query_guard.history import History
from query_guard.judge.trials import options_of, overall, ran, tried, with_tried, wrote
from query_guard.own_errors import report_own_error
from query_guard.records import Finding, PlacedOption, Report, TrialOf

LASTING = 60.0
"""Seconds after which a trial is over, whether a request has come or not."""
TRIED_METHODS = frozenset(("GET", "HEAD"))


def are_trials_possible() -> bool:
    """Make trials possible in all sessions of the process, before any is served; False where they are not."""
    try:
        return loader_trial.install()
    except Exception:
        report_own_error("sessions could not be prepared for trials")
        return False


class NothingToTry(Exception):
    """Why no fix of a report can be tried: a sentence."""


class ArmedTrial(NamedTuple):
    """The report whose fixes are to be tried, their options, and when it is over, in seconds since the epoch."""

    report: Report
    options: tuple[PlacedOption, ...]
    until: float


class ArmedTrials:
    """At most one trial of each route. It ends with the request that takes it, or after a minute."""

    def __init__(self, history: History, *, possible: bool, clock: Callable[[], float] = time) -> None:
        self._history = history
        self._possible = possible
        self._clock = clock
        self._armed: dict[str, ArmedTrial] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether there may be one: each request asks."""
        return bool(self._armed)

    def arm(self, report: Report) -> ArmedTrial:
        """Let the next request of the report's route run with its fixes. Raises NothingToTry."""
        options = tuple(options_of(report.findings))
        if why := self._why_not(report, options):
            raise NothingToTry(why)
        armed = ArmedTrial(report, options, self._clock() + LASTING)
        with self._lock:
            self._armed[report.request.name] = armed
        return armed

    def all(self) -> list[ArmedTrial]:
        """Return those that are not over, and forget the others."""
        now = self._clock()
        with self._lock:
            self._armed = {route: armed for route, armed in self._armed.items() if armed.until > now}
            return list(self._armed.values())

    def take(self, route: str) -> ArmedTrial | None:
        """Return the trial of a route to the first who asks."""
        self.all()
        with self._lock:
            return self._armed.pop(route, None)

    def conclude(self, armed: ArmedTrial, trial: Trial, report: Report) -> TrialOf:
        """Note in the first report what became of its fixes in the request that ran with them, and return it."""
        before, after = ran(armed.report), ran(report)
        outcomes = {
            finding.option: tried(finding, before, after, trial, len(armed.options) - 1)
            for finding in armed.report.findings
            if finding.option is not None
        }

        def noted(finding: Finding) -> Finding:
            return with_tried(finding, outcomes[finding.option]) if finding.option is not None else finding

        if self._history.get(armed.report.id) is not None:  # else it was replaced or cleared
            self._history.add(replace(armed.report, findings=tuple(map(noted, armed.report.findings))))
        return TrialOf(armed.report.id, overall(outcomes.values()))

    def _why_not(self, report: Report, options: tuple[PlacedOption, ...]) -> str:
        request = report.request
        if not self._possible:
            return (
                "expected a SQLAlchemy that lets a session's execution be listened to, and this release has no place "
                "for it; edit the code as 'fix' says"
            )
        if request.kind != "http" or request.method not in TRIED_METHODS or request.route is None:
            return f"expected a GET or HEAD request of a route, got {request.name!r}; edit the code as 'fix' says"
        if report.trial is not None:
            return f"expected a report of the code as it is, and this one is itself a trial of {report.trial.of!r}"
        if not report.sampled or report.facts.dropped:
            return f"expected details of each statement, and some were only counted; send {request.name} again"
        last = next((kept for kept in self._history.latest() if kept.request.name == request.name), report)
        if wrote(report) or wrote(last):
            return (
                f"expected a request that only reads, and {request.name} wrote: what is loaded can change what is "
                "written; edit the code as 'fix' says"
            )
        if not options:
            return (
                "expected a finding whose whole fix is a loader option, and there is none; edit the code as 'fix' says"
            )
        return ""
