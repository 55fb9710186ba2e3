"""Find the name that somebody may have meant by one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

_COMPARED = 5


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name in `names` that is most like this one, or None where there are none.

    The exact comparison is slow, so a quick one chooses a few names first.
    """
    matcher = SequenceMatcher(b=name)

    def quick_likeness(candidate: str) -> float:
        matcher.set_seq1(candidate)
        return matcher.quick_ratio()

    def likeness(candidate: str) -> float:
        matcher.set_seq1(candidate)
        return matcher.ratio()

    return max(nlargest(_COMPARED, names, key=quick_likeness), key=likeness, default=None)
