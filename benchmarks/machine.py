"""The machine that is measured on: how fast it is just now, and which of its processors is the calmest."""

from __future__ import annotations

import os
from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

CALM = 1.25
"""How much slower than usual at its best the machine may be around a turn."""


class Machine:
    """How fast the machine usually is at its best, and how long there is to wait for that again."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        """Seconds that may still be spent on turns that are taken again."""
        self.turns = self.disturbed = 0
        self._paces: list[float] = []

    def is_calm(self, pace: float) -> bool:
        insort(self._paces, pace)
        return pace <= CALM * self._paces[len(self._paces) // 10]


def pace() -> float:
    """Return the seconds of a piece of work that is always the same."""
    started = perf_counter()
    total = 0
    for number in range(10_000):
        total += number
    return perf_counter() - started


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep all that is started on one processor, which is never idle then.

    One that wakes up is shared with others at first, where machines are virtual.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    processors = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(processors, key=_usual_pace)})
        yield
    finally:
        os.sched_setaffinity(0, processors)


def _usual_pace(processor: int) -> float:
    os.sched_setaffinity(0, {processor})
    return sorted([pace() for _ in range(300)])[75]
