"""What turns windows into reports and publishes them: triggers, allowances, reporters."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from time import perf_counter

from query_guard.capture.live.holders import due_suspicions, live_pools
from query_guard.detectors import Detector
from query_guard.history.changes import Changes
from query_guard.judge.listeners import listeners
from query_guard.judge.own_cost import OwnCost
from query_guard.judge.triggers import TriggerIndex
from query_guard.own_errors import report_own_error
from query_guard.records import Allowance, Change, Report, Request
from query_guard.reporters import Reporter
from query_guard.reporters.request_span import RequestSpan

_ids = random.Random()  # the application's own generator is not touched
os.register_at_fork(after_in_child=_ids.seed)


class Pipeline:
    """What all requests of one middleware share: detectors, reporters and allowances."""

    def __init__(
        self, detectors: Sequence[Detector], reporters: Sequence[Reporter], allowances: Sequence[Allowance] = ()
    ) -> None:
        self.triggers = TriggerIndex(detectors)
        self.pools: dict[int, int] = {}
        """For each pool, by serial, its size when it was last judged."""
        self.reporters = reporters
        self.allowances = allowances
        self.cost = OwnCost()
        self.changes: Changes | None = None
        """What holds reports against those of the former code, where somebody develops."""
        self._quiet = [_wants_of(reporter) for reporter in reporters]
        self._quiet_of_counted = [_wants_of(each) for each in reporters if not hasattr(each, "note_counted")]
        self._counts = [reporter.note_counted for reporter in reporters if hasattr(reporter, "note_counted")]
        self.takes_counts = bool(self._counts)
        """Whether a reporter takes the numbers of requests that are not sampled in place of their reports."""
        self._suspicions = [reporter.suspect for reporter in reporters if hasattr(reporter, "suspect")]
        self._request_span = next((each.request_span for each in reporters if hasattr(each, "request_span")), None)
        self.has_spans = self._request_span is not None
        """Whether a reporter writes on the spans of requests."""
        self._hand_out_pools()

    def _hand_out_pools(self) -> None:
        """Give reporters with a method `watch_pools` what returns the pools of the process at any time."""
        for reporter in self.reporters:
            try:
                if hasattr(reporter, "watch_pools"):
                    reporter.watch_pools(live_pools)
            except Exception:
                report_own_error("a reporter could not watch the pools", own=False)

    def wants_quiet_reports(self) -> bool:
        """Whether anyone wants the report of a request without findings.

        A reporter does, unless it has a method `wants_quiet_reports` that says otherwise.
        """
        return self._is_wanted(self._quiet)

    def wants_counted_reports(self) -> bool:
        """Whether anyone wants the report of a request that is not sampled, of which only statements were counted.

        A reporter that has a method `note_counted` does not.
        """
        return self._is_wanted(self._quiet_of_counted)

    def _is_wanted(self, quiet: Sequence[Callable[[], bool]]) -> bool:
        if listeners:
            return True
        try:
            for wants in quiet:  # a generator for any() would cost each request more than the calls
                if wants():
                    return True
        except Exception:
            report_own_error("a reporter could not say which reports it wants", own=False)
            return True
        return False

    def note_counted(self, request: Request, queries: int) -> None:
        """Pass on how many statements a request sent of which only these were counted."""
        for note in self._counts:
            try:
                note(request, queries)
            except Exception:
                report_own_error(f"reporter {_name_of(note)} failed", own=False)

    def request_span(self) -> RequestSpan | None:
        """Return the span to write on, where a reporter has a method `request_span` and a span is current."""
        if self._request_span is None:
            return None
        try:
            span: RequestSpan | None = self._request_span()
            return span
        except Exception:
            report_own_error("the span of a request could not be read", own=False)
            return None

    def change_of(self, report: Report) -> Change | None:
        """Return how a report differs from the last one of the former code, or None."""
        try:
            return self.changes.of(report) if self.changes is not None else None
        except Exception:
            report_own_error("a report could not be held against the former code's", own=False)
            return None

    def publish(self, report: Report) -> None:
        """Pass a finished report to each listener and each reporter; a reporter that fails is logged once."""
        report.change = self.change_of(report)
        for listener in tuple(listeners):
            listener(report)
        began = perf_counter()
        for reporter in self.reporters:
            try:
                reporter(report)
            except Exception:
                report_own_error(f"reporter {_name_of(reporter)} failed", own=False)
        self._publish_suspicions()
        self.cost.note_reported(perf_counter() - began)

    def _publish_suspicions(self) -> None:
        """Pass connections that seem forgotten by now to the reporters that have a method `suspect`."""
        for suspicion in due_suspicions() if self._suspicions else ():
            for suspect in self._suspicions:
                try:
                    suspect(*suspicion)
                except Exception:
                    report_own_error("a reporter failed with a suspected leak", own=False)


def report_id() -> str:
    return "%016x" % _ids.getrandbits(64)  # noqa: UP031 - each request pays for it


def _wants_of(reporter: Reporter) -> Callable[[], bool]:
    wants: Callable[[], bool] = getattr(reporter, "wants_quiet_reports", _always)
    return wants


def _always() -> bool:
    return True


def _name_of(reporter: Callable[..., None]) -> str:
    return getattr(reporter, "__qualname__", None) or type(reporter).__qualname__
