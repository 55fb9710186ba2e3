"""Which detectors a window may interest, told from its figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import compress
from math import inf
from operator import ge
from typing import NamedTuple

from query_guard.detectors import Detector, judges_ends
from query_guard.records import Figures, Triggers


class Triggered(NamedTuple):
    """Detectors that may find something, in their order: those that are triggered once, and those that look at ends."""

    steady: tuple[Detector, ...]
    of_ends: tuple[Detector, ...]
    look_at_checkouts: bool
    """Whether any of them needs checkouts and pools among the facts."""


NONE_TRIGGERED = Triggered((), (), False)


class TriggerIndex:
    """The triggers of some detectors, by the figures of an Figures. One without triggers is interested in everything.

    Raises ValueError for a trigger that is no figure of an Figures.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        triggers = [_triggers_of(detector) for detector in detectors]
        self._always = [place for place, its in enumerate(triggers) if its is None]
        by_figure = [
            [(its[figure], place) for place, its in enumerate(triggers) if its is not None and figure in its]
            for figure in Figures._fields
        ]
        self._least = tuple([min((least for least, _ in some), default=inf) for some in by_figure])
        """The figures of an Figures, from which on some detector may find something."""
        self._by_figure = tuple(enumerate(by_figure))
        self._at = lru_cache(maxsize=256)(self._triggered_at)

    def triggered(self, figures: Figures | None) -> Triggered | None:
        """Return the detectors that an figures may interest, or None where it interests nobody; of a window that has
        none, all may be interested. Most requests ask this twice, so that it loops outside of Python.
        """
        if figures is None:
            return self._at(tuple(range(len(self._detectors))))
        told = [*compress(self._by_figure, map(ge, figures, self._least))]
        if not told and not self._always:
            return None
        places = self._always.copy()
        for figure, some in told:
            value = figures[figure]
            places += [place for least, place in some if value >= least]
        return self._at(tuple(places))

    def _triggered_at(self, places: Iterable[int]) -> Triggered:
        chosen = [self._detectors[place] for place in sorted({*places})]
        steady = tuple([one for one in chosen if not judges_ends(one)])
        of_ends = tuple([one for one in chosen if judges_ends(one)])
        return Triggered(steady, of_ends, bool(of_ends) or any(_looks_at_checkouts(one) for one in steady))


_OF_CHECKOUTS = frozenset(("nested_checkouts", "longest_wait", "lost_checkouts", "changed_pools"))


def _looks_at_checkouts(detector: Detector) -> bool:
    """Whether checkouts or pools may interest a detector: its triggers say so, or it has none."""
    triggers = _triggers_of(detector)
    return triggers is None or not _OF_CHECKOUTS.isdisjoint(triggers)


def _triggers_of(detector: Detector) -> Triggers | None:
    triggers: Triggers | None = getattr(detector, "triggers", None)
    if triggers is not None and not {*triggers} <= {*Figures._fields}:
        unknown = min({*triggers} - {*Figures._fields})
        name = getattr(detector, "__qualname__", type(detector).__qualname__)
        raise ValueError(f"the trigger {unknown!r} of {name} is no figure of an figures: {', '.join(Figures._fields)}")
    return triggers
