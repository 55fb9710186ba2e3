"""History: recent reports, bounded."""

from __future__ import annotations

from typing import Protocol

from query_guard.records import Report


class History(Protocol):
    """Where finished reports are kept for the debug endpoint."""

    def add(self, report: Report) -> None: ...

    def get(self, report_id: str) -> Report | None: ...

    def latest(self) -> list[Report]:
        """Return the reports, newest first."""
        ...
