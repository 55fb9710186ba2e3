"""Groups of rows, and what their rows have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from operator import attrgetter
from typing import TypeVar

from query_guard.records.statements import CallSite, Statement


def distinct_sites(rows: Iterable[Statement]) -> tuple[CallSite, ...]:
    """Return the sites of some statements, each once, in order of appearance."""
    return tuple({row.site.key: row.site for row in rows}.values())


def usual_duration(rows: Iterable[Statement]) -> float:
    """Return the median duration; of two in the middle, the longer."""
    durations = sorted([row.duration for row in rows])
    return durations[len(durations) // 2]


Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Group rows by key, both in order of appearance."""
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


_TEXT_AND_VALUES = attrgetter("text", "values")


def different_sets(rows: list[Statement]) -> int:
    """Count the different sets of values of the first thousand executions, which are enough to tell a loop.

    For INSERTs each execution counts, as each makes a new row.
    """
    first = rows[0]
    if len(rows) == 1 or first.executemany or first.operation == "INSERT":
        return len(rows)
    return len(set(map(_TEXT_AND_VALUES, rows[:1000])))
