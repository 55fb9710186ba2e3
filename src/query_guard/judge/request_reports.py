"""The reports of the requests in a block, in bounded memory: a test may send any number of requests."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TypeAlias

from query_guard.records import Facts, Finding, Report

MOST_BYTES = 32_000_000
"""What the reports may weigh that are kept whole."""
_REPORT_BYTES, _ROW_BYTES = 3_000, 500
_MOST_GROUPS = 10_000

Group: TypeAlias = tuple[str, str, int, str | None, str | None]


def group_of(route: str, finding: Finding) -> Group:
    """Return what equal findings of one route have in common."""
    return route, finding.kind, finding.site.key, finding.place, finding.relationship


class RequestReports:
    """Each report as it was made, while there is room; after that, what no report has said yet, and numbers."""

    def __init__(self) -> None:
        self.kept: list[Report] = []
        """In order; those without statements that say less than their numbers came when there was no room."""
        self.counted: Counter[str] = Counter()
        """By route, the statements of requests of which nothing else is kept."""
        self.failed: set[int] = set()
        """Serials of requests that came to less than they would have."""
        self._room = MOST_BYTES
        self._groups: set[Group] = set()
        self._lock = threading.Lock()

    def add(self, report: Report) -> None:
        """Be told of a report, by the thread that finished it."""
        with self._lock:
            if report.request.has_failed and len(self.failed) < _MOST_GROUPS:
                self.failed.add(report.facts.serial)
            if self._room > 0:
                self._room -= _weight(report.facts)
                self.kept.append(report)
                self._news(report)
            else:
                self._add_in_short(report)

    def _add_in_short(self, report: Report) -> None:
        news = self._news(report)
        if news:
            self.kept.append(replace(report, facts=_in_short(report.facts), findings=news, silences=()))
        else:
            self.counted[report.request.name] += report.query_count

    def _news(self, report: Report) -> tuple[Finding, ...]:
        """Return the findings of which there was none equal before."""
        news = {group_of(report.request.name, finding): finding for finding in report.findings}
        first = {group: finding for group, finding in news.items() if group not in self._groups}
        if len(self._groups) >= _MOST_GROUPS:
            return ()
        self._groups.update(first)
        return tuple(first.values())


def _weight(facts: Facts) -> int:
    rows = len(facts.statements) + len(facts.checkouts) + len(facts.transactions)
    return _REPORT_BYTES + _ROW_BYTES * rows


def _in_short(facts: Facts) -> Facts:
    return Facts(
        facts.request, facts.duration, (), query_count=facts.query_count, driver_calls=facts.driver_calls,
        query_time=facts.query_time, dropped=facts.query_count, serial=facts.serial,
    )  # fmt: skip
