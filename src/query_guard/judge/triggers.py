"""Which detectors can find something in a window, judged by its figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress
from math import inf
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
        leasts = [min((least for least, _ in thresholds), default=inf) for thresholds in by_figure]
        is_any_always_reached = bool(self._always) or min(leasts) <= 0
        at_statements = leasts[Figures._fields.index("statements")]
        self.judged_above = -1 if is_any_always_reached else at_statements - 1
        """The number of statements that triggers none, where all other figures are 0."""
        self._by_figure = tuple(zip(range(len(leasts)), leasts, by_figure, strict=True))
        """For each figure its position, the least value that triggers any detector, and all that trigger one."""
        self._reached_by_nothing = [figure for figure in self._by_figure if figure[1] <= 0]
        self._at = lru_cache(maxsize=256)(self._triggered_at)

    def triggered(self, figures: Figures | None) -> Triggered | None:
        """Return the detectors that figures trigger, or None where they trigger none; without figures, all.

        Most requests call this twice, and most of their figures are 0: these are left out in C (`compress`).
        """
        if figures is None:
            return self._at(tuple(range(len(self._detectors))))
        positions = None
        for figure, least, thresholds in compress(self._by_figure, figures):
            value = figures[figure]
            if value >= least:
                reached = [position for threshold, position in thresholds if value >= threshold]
                positions = reached if positions is None else positions + reached
        if self._reached_by_nothing:
            positions = [*(positions or ()), *self._reached_by_zeros(figures)]
        if positions is None and not self._always:
            return None
        return self._at((*self._always, *(positions or ())))

    def _reached_by_zeros(self, figures: Figures) -> Iterator[int]:
        for figure, _, thresholds in self._reached_by_nothing:
            if not figures[figure]:
                yield from [position for threshold, position in thresholds if threshold <= 0]

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
