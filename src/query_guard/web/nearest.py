"""What somebody may have meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

_COMPARED = 5


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like this one, or None where none is known.

    The exact comparison takes long, so that only those are compared which the quick one has chosen.
    """
    matcher = SequenceMatcher(b=name)

    def quickly(other: str) -> float:
        matcher.set_seq1(other)
        return matcher.quick_ratio()

    def exactly(other: str) -> float:
        matcher.set_seq1(other)
        return matcher.ratio()

    return max(nlargest(_COMPARED, known, key=quickly), key=exactly, default=None)
