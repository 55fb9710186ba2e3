"""Statements that come too late for their window."""

from __future__ import annotations


class LateCounter:
    """Counts statements that come after their window was sealed; nothing else of a finished report changes."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0
