"""History: recent reports, bounded."""

from __future__ import annotations

from typing import Protocol

from query_guard.records import Report


class History(Protocol):
    """Where finished reports are kept for the debug endpoint."""

    def add(self, report: Report) -> None:
        """Keep a report; one with the id of a kept report replaces it, where a fix of that was tried."""
        ...

    def get(self, report_id: str) -> Report | None: ...

    def latest(self) -> list[Report]:
        """Return the reports, newest first."""
        ...
