"""The reports of the requests in a block, in bounded memory: a test may send any number of requests."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TypeAlias

from query_guard.records import Facts, Finding, Report

MOST_BYTES = 32_000_000
"""The estimated size up to which reports are kept whole."""
_REPORT_BYTES, _ROW_BYTES = 3_000, 500
_MOST_GROUPS = 10_000

Group: TypeAlias = tuple[str, str, int, str | None, str | None]


def group_of(route: str, finding: Finding) -> Group:
    """Return what equal findings of one route have in common."""
    return route, finding.kind, finding.site.key, finding.place, finding.relationship


class RequestReports:
    """The reports, whole while there is room; after that, only findings that are new, and numbers of statements."""

    def __init__(self) -> None:
        self.kept: list[Report] = []
        """In order. Those that came when there was no room have numbers and new findings, but no statements."""
        self.counted: Counter[str] = Counter()
        """For each route, the number of statements of the requests whose reports are not kept."""
        self.failed: set[int] = set()
        """Serials of requests that failed, and so may not have sent all their statements."""
        self._room = MOST_BYTES
        self._groups: set[Group] = set()
        self._lock = threading.Lock()

    def add(self, report: Report) -> None:
        """Keep a report; called in the thread that finished it."""
        with self._lock:
            if report.request.has_failed and len(self.failed) < _MOST_GROUPS:
                self.failed.add(report.facts.serial)
            if self._room > 0:
                self._room -= _weight(report.facts)
                self.kept.append(report)
                self._new_findings(report)
            else:
                self._add_without_rows(report)

    def _add_without_rows(self, report: Report) -> None:
        new_findings = self._new_findings(report)
        if new_findings:
            self.kept.append(replace(report, facts=_without_rows(report.facts), findings=new_findings, silences=()))
        else:
            self.counted[report.request.name] += report.query_count

    def _new_findings(self, report: Report) -> tuple[Finding, ...]:
        """Return the findings that equal none of an earlier report."""
        by_group = {group_of(report.request.name, finding): finding for finding in report.findings}
        new_groups = {group: finding for group, finding in by_group.items() if group not in self._groups}
        if len(self._groups) >= _MOST_GROUPS:
            return ()
        self._groups.update(new_groups)
        return tuple(new_groups.values())


def _weight(facts: Facts) -> int:
    rows = len(facts.statements) + len(facts.checkouts) + len(facts.transactions)
    return _REPORT_BYTES + _ROW_BYTES * rows


def _without_rows(facts: Facts) -> Facts:
    return Facts(
        facts.request, facts.duration, (), query_count=facts.query_count, driver_calls=facts.driver_calls,
        query_time=facts.query_time, dropped=facts.query_count, serial=facts.serial,
    )  # fmt: skip
