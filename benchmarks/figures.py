"""Rounds become figures: what a contestant added to bare in the same round, as median and quartiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import quantiles
from typing import NamedTuple

from benchmarks.instructions import Counts
from benchmarks.rounds import Rounds


class Spread(NamedTuple):
    lower: float
    median: float
    upper: float


def spread(values: Iterable[float]) -> Spread:
    return Spread(*quantiles(values, n=4, method="inclusive"))


def request(rounds: Rounds, contestant: str, path: str) -> Spread:
    """Return what a request of `path` takes."""
    return spread(rounds[contestant][path])


def added_to_request(rounds: Rounds, contestant: str, path: str) -> Spread:
    pairs = zip(rounds[contestant][path], rounds["bare"][path], strict=True)
    return spread(guarded - bare for guarded, bare in pairs)


def added_to_each(rounds: Rounds, contestant: str, kind: str, few: int, many: int) -> Spread:
    """Return what one more statement, checkout or transaction of a request adds."""
    return spread(
        guarded - bare
        for guarded, bare in zip(
            _slopes(rounds, contestant, kind, few, many), _slopes(rounds, "bare", kind, few, many), strict=True
        )
    )


def _slopes(rounds: Rounds, contestant: str, kind: str, few: int, many: int) -> list[float]:
    paths = rounds[contestant]
    pairs = zip(paths[f"/{kind}/{few}"], paths[f"/{kind}/{many}"], strict=True)
    return [(more - less) / (many - few) for less, more in pairs]


_STATEMENTS = {"orm": ("select", 20, 100), "core": ("core", 1, 41)}


def added_statement(rounds: Rounds, contestant: str, kind: str) -> Spread:
    """Return what one more `orm` or `core` statement adds."""
    return added_to_each(rounds, contestant, *_STATEMENTS[kind])


def statement(rounds: Rounds, contestant: str, kind: str) -> Spread:
    """Return what one more statement takes."""
    return spread(_slopes(rounds, contestant, *_STATEMENTS[kind]))


def statement_ratio(rounds: Rounds, contestant: str, kind: str) -> Spread | None:
    """Return what a statement costs where the floor is 1, or None where the floor cannot be told from nothing."""
    added, floor = added_statement(rounds, contestant, kind), added_statement(rounds, "floor", kind)
    return scaled(added, 1 / floor.median) if floor.lower > 0 else None


def ratio(found: Sequence[float], bare: Sequence[float]) -> Spread:
    """Return figures as a ratio to those of bare in the same round."""
    return spread(own / other for own, other in zip(found, bare, strict=True))


def scaled(values: Iterable[float], factor: float) -> Spread:
    return Spread(*[factor * value for value in values])


def added_instructions(counts: Counts, contestant: str, key: str) -> Spread:
    """Return what a contestant adds to a request of a path, or to one more of a kind."""
    pairs = zip(counts[contestant][key], counts["bare"][key], strict=True)
    return spread(own - bare for own, bare in pairs)


def instruction_ratio(counts: Counts, contestant: str, key: str) -> Spread:
    """Return that where the floor is 1."""
    return scaled(added_instructions(counts, contestant, key), 1 / added_instructions(counts, "floor", key).median)
