"""What the guard itself has done since it was built: how long it took, and what it left out."""

from __future__ import annotations

import threading

from query_guard.records import Report


class OwnCost:
    """Sums over the requests of one middleware.

    The seconds are those of making reports: facts, findings, headers and what reporters do. They stand beside the
    requests' own work. What the recording of a statement takes is not among them: measuring it would take as long.
    """

    def __init__(self) -> None:
        self.judged = 0
        """Requests that were looked at, with a report or without; those without statements may be left out."""
        self.reports = 0
        self.sampled = 0
        """Reports with details."""
        self.judging = 0.0
        """Seconds of making reports and headers."""
        self.longest = 0.0
        """Seconds of the report that took longest."""
        self.reporting = 0.0
        """Seconds that reporters took."""
        self.dropped_statements = self.dropped_checkouts = self.dropped_transactions = 0
        """Those for which there was no room, in reports with details."""
        self._lock = threading.Lock()

    def note_judged(self, seconds: float, report: Report | None) -> None:
        """Add a request whose report is made, or is not needed; `seconds` are all that it took."""
        with self._lock:
            self.judged += 1
            self.judging += seconds
            self.longest = max(self.longest, seconds)
            if report is None:
                return
            self.reports += 1
            if report.sampled:
                self.sampled += 1
                self.dropped_statements += report.facts.dropped
            self.dropped_checkouts += report.facts.dropped_checkouts
            self.dropped_transactions += report.facts.dropped_transactions

    def note_reported(self, seconds: float) -> None:
        with self._lock:
            self.reporting += seconds
