"""Which detectors can find something in a window, judged by its figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import inf
from operator import ge
from typing import NamedTuple

from query_guard.detectors import Detector, judges_ends
from query_guard.records import Figures, Triggers


class Triggered(NamedTuple):
    """The detectors that can find something, in their order: those of statements, and those of ends (`at_end`)."""

    of_statements: tuple[Detector, ...]
    of_ends: tuple[Detector, ...]
    needs_checkouts: bool
    """Whether any of them needs checkouts and pools among the facts."""


NONE_TRIGGERED = Triggered((), (), False)


class TriggerIndex:
    """The triggers of some detectors, by figure. A detector without triggers is always triggered.

    Raises ValueError for a trigger that is no field of `Figures`.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        triggers = [_triggers_of(detector) for detector in detectors]
        self._always = [position for position, own_triggers in enumerate(triggers) if own_triggers is None]
        by_figure = [
            [
                (own_triggers[figure], position)
                for position, own_triggers in enumerate(triggers)
                if own_triggers is not None and figure in own_triggers
            ]
            for figure in Figures._fields
        ]
        self._least = tuple([min((least for least, _ in thresholds), default=inf) for thresholds in by_figure])
        """For each figure, the least value that triggers any detector."""
        least = dict(zip(Figures._fields, self._least, strict=True))
        self.judged_above = -1 if self._always or min(self._least) <= 0 else least["statements"] - 1
        """The number of statements that triggers none, where all other figures are 0."""
        self._by_figure = tuple(enumerate(by_figure))
        self._at = lru_cache(maxsize=256)(self._triggered_at)

    def triggered(self, figures: Figures | None) -> Triggered | None:
        """Return the detectors that figures trigger, or None where they trigger none; without figures, all.

        Most requests call this twice, and nothing is triggered: so that is found out in C (`map`).
        """
        if figures is None:
            return self._at(tuple(range(len(self._detectors))))
        if not self._always and True not in map(ge, figures, self._least):
            return None
        positions = self._always.copy()
        for figure, thresholds in self._by_figure:
            value = figures[figure]
            positions += [position for least, position in thresholds if value >= least]
        return self._at(tuple(positions))

    def _triggered_at(self, positions: Iterable[int]) -> Triggered:
        detectors = [self._detectors[position] for position in sorted({*positions})]
        of_statements = tuple([detector for detector in detectors if not judges_ends(detector)])
        of_ends = tuple([detector for detector in detectors if judges_ends(detector)])
        return Triggered(of_statements, of_ends, bool(of_ends) or any(map(_needs_checkouts, of_statements)))


_OF_CHECKOUTS = frozenset(("nested_checkouts", "longest_wait", "lost_checkouts", "changed_pools"))


def _needs_checkouts(detector: Detector) -> bool:
    """Whether a detector needs checkouts or pools: one of its triggers is about them, or it has none."""
    triggers = _triggers_of(detector)
    return triggers is None or not _OF_CHECKOUTS.isdisjoint(triggers)


def _triggers_of(detector: Detector) -> Triggers | None:
    triggers: Triggers | None = getattr(detector, "triggers", None)
    if triggers is not None and not {*triggers} <= {*Figures._fields}:
        unknown = min({*triggers} - {*Figures._fields})
        name = getattr(detector, "__qualname__", type(detector).__qualname__)
        raise ValueError(f"the trigger {unknown!r} of {name} is no field of Figures: {', '.join(Figures._fields)}")
    return triggers
