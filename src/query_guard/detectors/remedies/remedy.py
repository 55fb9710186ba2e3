"""What is to be typed, where, and what it wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from query_guard.records import PlacedOption, Statement, usual_duration


class Remedy(NamedTuple):
    """`code` can be pasted, at `edit` where that is known; `advice` is the sentence around it.

    `mended` are the statements that it makes unnecessary and `sent` is how many are sent in their place; no statement
    is promised where that could not be worked out.
    """

    code: str
    advice: str
    mended: tuple[Statement, ...] = ()
    sent: int = 0
    relationship: str | None = None
    edit: tuple[str, int] | None = None
    option: PlacedOption | None = None
    """The same as data, where a loader option alone is the remedy."""

    @property
    def saved(self) -> int:
        """Statements that it saves in this window."""
        return max(0, len(self.mended) - self.sent)

    @property
    def saving(self) -> float:
        """Seconds that it saves in this window."""
        if not self.saved:
            return 0.0
        return self.saved * usual_duration(self.mended)

    def once_for(self, rows: Sequence[Statement]) -> Remedy:
        """Return it with the promise that one statement takes the place of some; of words nothing is promised."""
        return self._replace(mended=tuple(rows), sent=1) if self.code else self


def listed(words: Iterable[str], last: str = "and") -> str:
    """Write `a, b and c`."""
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end


def place_of(row: Statement | None) -> tuple[str, int] | None:
    """Return file and line that a statement was sent from."""
    frame = row.site.innermost if row is not None else None
    return (frame.file, frame.line) if frame is not None else None


def at(row: Statement) -> str:
    """Write ` at crud.py:31`, or nothing where no line was seen."""
    place = place_of(row)
    return f" at {place[0]}:{place[1]}" if place is not None else ""
