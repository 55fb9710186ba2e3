"""Recent reports in this process's memory."""

from __future__ import annotations

import threading
from collections import OrderedDict

from query_guard.records import Report

_REPORT_BYTES = 2_000
_ROW_BYTES = 400


class MemoryHistory:
    """Keep the last `reports` reports, and no more than `megabytes` of them."""

    def __init__(self, reports: int = 200, megabytes: float = 32.0) -> None:
        self._limit = reports
        self._room = megabytes * 1_000_000
        self._reports: OrderedDict[str, Report] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, report: Report) -> None:
        with self._lock:
            replaced = self._reports.pop(report.id, None)
            self._bytes -= _weight(replaced) if replaced is not None else 0
            self._reports[report.id] = report
            self._bytes += _weight(report)
            while self._reports and (len(self._reports) > self._limit or self._bytes > self._room):
                _, oldest = self._reports.popitem(last=False)
                self._bytes -= _weight(oldest)

    def get(self, report_id: str) -> Report | None:
        return self._reports.get(report_id)

    def latest(self) -> list[Report]:
        with self._lock:
            return list(reversed(self._reports.values()))


def _weight(report: Report) -> int:
    facts = report.facts
    shown = sum(len(value) for row in facts.statements if row.parameters for value in row.parameters)
    rows = (facts.statements, facts.checkouts, facts.transactions, report.findings, report.silences)
    return _REPORT_BYTES + _ROW_BYTES * sum(map(len, rows)) + 2 * shown
