"""What the guard itself has done since it was built: how long it took, and what it left out."""

from __future__ import annotations

import threading

from query_guard.records import Report

_SUMMED_AT_ONCE = 1_000


class OwnCost:
    """Sums over the requests of one middleware.

    The seconds are those of making reports: facts, findings, headers and what reporters do. They stand beside the
    requests' own work. What the recording of a statement takes is not among them: measuring it would take as long.
    """

    def __init__(self) -> None:
        self.reports = 0
        self.sampled = 0
        """Reports with details."""
        self.reporting = 0.0
        """Seconds that reporters took."""
        self.dropped_statements = self.dropped_checkouts = self.dropped_transactions = 0
        """Those for which there was no room, in reports with details."""
        self._judged: list[float] = []
        """Seconds of requests that are not summed up yet: `list.append` is atomic, and a sum is not."""
        self._sums = (0, 0.0, 0.0)
        self._lock = threading.Lock()

    @property
    def judged(self) -> int:
        """Requests that were looked at, with a report or without; those without statements may be left out."""
        return self._summed_up()[0]

    @property
    def judging(self) -> float:
        """Seconds of making reports and headers."""
        return self._summed_up()[1]

    @property
    def longest(self) -> float:
        """Seconds of the report that took longest."""
        return self._summed_up()[2]

    def note_judged(self, seconds: float, report: Report | None) -> None:
        """Add a request whose report is made, or is not needed; `seconds` are all that it took."""
        self._judged.append(seconds)
        if len(self._judged) >= _SUMMED_AT_ONCE:
            self._summed_up()
        if report is not None:
            self._note_report(report)

    def _note_report(self, report: Report) -> None:
        with self._lock:
            self.reports += 1
            if report.sampled:
                self.sampled += 1
                self.dropped_statements += report.facts.dropped
            self.dropped_checkouts += report.facts.dropped_checkouts
            self.dropped_transactions += report.facts.dropped_transactions

    def _summed_up(self) -> tuple[int, float, float]:
        """Return how many requests were judged, their seconds, and the most that one of them took."""
        with self._lock:
            number = len(self._judged)
            judged, seconds, longest = self._sums
            new = self._judged[:number]
            del self._judged[:number]  # another thread may have appended since
            self._sums = (judged + number, seconds + sum(new), max(longest, *new, 0.0))
            return self._sums

    def note_reported(self, seconds: float) -> None:
        with self._lock:
            self.reporting += seconds
