"""The marks the library set itself, and the figure that is held against each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks import figures
from benchmarks.figures import Spread
from benchmarks.serving import SELECT

MICRO, MILLI = 1e6, 1e3
_SELECTS = {"orm": "ORM select", "core": "Core select"}


class Mode(NamedTuple):
    """A contestant, what it does, and what a statement may cost: instructions and time, in floors."""

    contestant: str
    what: str
    instructions: float
    time: float


_MODES = (
    Mode("recorded", "recorded with all facts", 0.6, 1.0),
    Mode("not_sampled", "counted only (not sampled)", 0.35, 0.6),
    Mode("outside_window", "outside a window", 0.15, 0.25),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """`figure` reads that part of the results which `needs` names; None is what noise has swallowed."""

    needs: str
    what: str
    limit: float
    unit: str
    figure: Callable[[Any], Spread | None]

    def verdict(self, found: Spread | None) -> str:
        """Judge by both ends of the spread: a median alone may be luck."""
        if found is None or found.lower <= self.limit < found.upper:
            return "unclear"
        return "met" if found.upper <= self.limit else "**missed**"


def _instructions(mode: Mode, kind: str) -> Mark:
    def figure(counts: Any) -> Spread:
        return figures.instruction_ratio(counts, mode.contestant, kind)

    return Mark("instructions", f"{_SELECTS[kind]} {mode.what}, instructions", mode.instructions, "x floor", figure)


def _time(mode: Mode, kind: str) -> Mark:
    def figure(paired: Any) -> Spread | None:
        return figures.statement_ratio(paired["sqlite"], mode.contestant, kind)

    return Mark("paired", f"{_SELECTS[kind]} {mode.what}, time", mode.time, "x floor", figure)


def _request(contestant: str, path: str, what: str, limit: float) -> Mark:
    def figure(paired: Any) -> Spread:
        return figures.scaled(figures.added_to_request(paired["sqlite"], contestant, path), MICRO)

    return Mark("paired", what, limit, "us", figure)


def _price(kind: str) -> Mark:
    def figure(paired: Any) -> Spread:
        return figures.scaled(figures.added_to_each(paired["sqlite"], "recorded", kind, 1, 41), MICRO)

    return Mark("paired", f"A {kind}", 3, "us", figure)


def _share_of_asyncpg(paired: Any) -> Spread:
    rounds = paired["asyncpg"]
    bare = figures.request(rounds, "bare", "/select/20").median
    return figures.scaled(figures.added_to_request(rounds, "query_guard", "/select/20"), 100 / bare)


def _served(contestant: str, what: str, limit: float) -> Mark:
    def figure(counts: Any) -> Spread:
        return figures.scaled(figures.ratio(counts[contestant][SELECT], counts["bare"][SELECT]), 100)

    return Mark("served_instructions", f"Served select {what}, instructions", round(limit, 1), "% of bare", figure)


def _plain(section: str, key: str, what: str, limit: float, unit: str, scale: float) -> Mark:
    return Mark(section, what, limit, unit, lambda found: figures.scaled(found[key], scale))


MARKS: tuple[Mark, ...] = (
    *[_instructions(mode, kind) for kind in _SELECTS for mode in _MODES],
    *[_time(mode, kind) for kind in _SELECTS for mode in _MODES],
    _request("query_guard", "/select/0", "Request without a database", 4),
    _request("query_guard", "/select/1", "Request with one statement, no finding", 12),
    _request("query_guard_logged", "/select/3", "Request with a finding, log line included", 80),
    _price("checkout"),
    _price("transaction"),
    Mark("paired", "asyncpg, a request of 20 statements", 3, "%", _share_of_asyncpg),
    _served("not_sampled_without_headers", "not sampled, `headers=False`", 100 / 0.97),
    _served("not_sampled", "not sampled", 100 / 0.97),
    _served("query_guard", "recorded with all facts", 100 / 0.92),
    _plain("analysis", "headers", "Analysis for the headers of a request with a finding", 20, "us", MICRO),
    _plain("analysis", "100", "Analysis of 100 repeated statements", 0.3, "ms", MILLI),
    _plain("analysis", "1000", "Analysis of 1,000 repeated statements", 2, "ms", MILLI),
    _plain("analysis", "5000", "Analysis of 5,000 repeated statements", 9, "ms", MILLI),
    _plain("analysis", "100000", "Analysis of 100,000 repeated statements, 20 times that of 5,000", 180, "ms", MILLI),
    _plain("memory", "statement", "Memory of a recorded statement", 300, "bytes", 1),
    _plain("memory", "window", "Memory of a window that is full", 500, "kB", 1e-3),
    _plain("endurance", "growth", "Growth of memory from the 20,000th to the 200,000th request", 1, "MB", 1e-6),
    _plain("fingerprint", "hit", "Fingerprint known", 0.1, "us", MICRO),
    _plain("fingerprint", "miss", "Fingerprint of a new ORM select of 2.8 kB", 100, "us", MICRO),
    _plain("fingerprint", "in_list", "Fingerprint of an IN list of 1 MB", 40, "ms", MILLI),
    _plain("fingerprint", "string", "Fingerprint of a string of 1 MB", 40, "ms", MILLI),
    _plain("imports", "query_guard", "import query_guard", 5, "ms", MILLI),
    _plain("imports", "query_guard.middleware", "import query_guard.middleware, beyond its libraries", 25, "ms", MILLI),
)
