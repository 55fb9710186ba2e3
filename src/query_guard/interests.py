"""Which detectors a window may interest, told from its outline alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from operator import ge

from query_guard.detectors import Detector
from query_guard.records import Clues, Outline


class Interests:
    """The clues of some detectors, by the figures of an Outline. One without clues is interested in everything.

    Raises ValueError for a clue that is no figure of an Outline.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        clues = [_clues(detector) for detector in detectors]
        self._always = [place for place, its in enumerate(clues) if its is None]
        self._by_figure = [
            [(its[figure], place) for place, its in enumerate(clues) if its is not None and figure in its]
            for figure in Outline._fields
        ]
        self._least = tuple([min((least for least, _ in some), default=inf) for some in self._by_figure])
        """The figures of an Outline, from which on some detector may find something."""

    def is_quiet(self, outline: Outline) -> bool:
        """Whether it interests nobody; most requests are asked this twice, so that it loops outside of Python."""
        return not self._always and True not in map(ge, outline, self._least)

    def interested(self, outline: Outline) -> list[Detector]:
        """Return the detectors that it may interest, in their order."""
        places = {*self._always}
        for figure, least, some in zip(outline, self._least, self._by_figure, strict=True):
            if figure >= least:
                places.update([place for at_least, place in some if figure >= at_least])
        return [self._detectors[place] for place in sorted(places)]


_OF_CHECKOUTS = frozenset(("nested_checkouts", "longest_wait", "lost_checkouts", "changed_pools"))


def looks_at_checkouts(detector: Detector) -> bool:
    """Whether checkouts or pools may interest a detector: its clues say so, or it has none."""
    clues = _clues(detector)
    return clues is None or not _OF_CHECKOUTS.isdisjoint(clues)


def _clues(detector: Detector) -> Clues | None:
    clues: Clues | None = getattr(detector, "clues", None)
    if clues is not None and not {*clues} <= {*Outline._fields}:
        unknown = min({*clues} - {*Outline._fields})
        name = getattr(detector, "__qualname__", type(detector).__qualname__)
        raise ValueError(f"the clue {unknown!r} of {name} is no figure of an outline: {', '.join(Outline._fields)}")
    return clues
