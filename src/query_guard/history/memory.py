"""Recent reports in this process's memory."""

from __future__ import annotations

import threading
from collections import OrderedDict

from query_guard.history.weight import weight_of
from query_guard.records import Report


class MemoryHistory:
    """Keep the last `reports` reports, and no more than `megabytes` of them."""

    def __init__(self, reports: int = 200, megabytes: float = 32.0) -> None:
        self.most_reports = reports
        self.most_bytes = round(megabytes * 1_000_000)
        self._reports: OrderedDict[str, tuple[Report, int]] = OrderedDict()
        """The oldest first, each with its bytes."""
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """What the kept reports weigh now."""
        return self._bytes

    def add(self, report: Report) -> None:
        """Keep a report as the newest, or in the place of that with the same id."""
        weight = weight_of(report)
        with self._lock:
            _, former_weight = self._reports.get(report.id, (None, 0))
            self._reports[report.id] = (report, weight)
            self._bytes += weight - former_weight
            while self._reports and (len(self._reports) > self.most_reports or self._bytes > self.most_bytes):
                _, (_, oldest) = self._reports.popitem(last=False)
                self._bytes -= oldest

    def clear(self) -> None:
        with self._lock:
            self._reports.clear()
            self._bytes = 0

    def get(self, report_id: str) -> Report | None:
        report, _ = self._reports.get(report_id, (None, 0))
        return report

    def latest(self) -> list[Report]:
        with self._lock:
            return [report for report, _ in reversed(self._reports.values())]
