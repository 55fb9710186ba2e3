"""What became of a fix that was tried."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Outcome: TypeAlias = Literal["works", "fails", "unknown"]


class Tried(NamedTuple):
    """Statements before and after, and the outcome; `why` is empty where it works. `after` is None where none ran."""

    before: int
    after: int | None
    outcome: Outcome
    why: str = ""

    def __str__(self) -> str:
        """Write `tried: 12 -> 3 statements`, or what else happened."""
        if self.after is None:
            return f"tried: {self.outcome}, {self.why}"
        said = "" if self.outcome == "works" else f", {self.outcome}: {self.why}"
        return f"tried: {self.before} -> {self.after} statements{said}"


class TrialOf(NamedTuple):
    """In the report of a request that ran with options in place: the report they came from, and the outcome."""

    of: str
    tried: Tried
