"""Whether repetitions are the chunks of one piece of work: each takes many values, or many rows, at once.

A chunk has twenty values or rows on average, and is one of:
- a part of one IN list. All other values are the same, and hardly any value of the list comes twice;
- an array of values (`= ANY(:ids)`, `unnest`). All other values are the same;
- a DELETE of all that lies before a bound, which moves on. All other values are the same;
- a range of integer keys, `BETWEEN ? AND ?` or `key >= ? AND key < ?`, that overlaps no other range. All other values
  are the same;
- one INSERT with many rows: as sets of parameters (executemany), or as VALUES.
An UPDATE or DELETE by one value is a loop, however many rows it writes. So is an IN list, an array or a range for each
of several customers.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import pairwise
from operator import and_

from query_guard.detectors.binds import ARRAY, Place, bind_places, changed_places, places_of_values
from query_guard.records import Statement
from query_guard.records.salt import length_of, number_of

_CHUNK = 20
_LOWER, _UPPER = frozenset((">", ">=")), frozenset(("<", "<="))


def chunk_reason(rows: list[Statement]) -> str | None:
    """Return why repetitions are chunks, or None where they are none."""
    if _are_parts_of_a_list(rows):
        return f"chunks of an IN list, {sum(row.binds for row in rows) // len(rows)} values each"
    size = _rows_each(rows)
    if size < _CHUNK:
        return None
    return f"{'written' if rows[0].writes else 'read'} in chunks, about {size:.0f} rows each"


def _are_parts_of_a_list(rows: list[Statement]) -> bool:
    """Compare the values as multisets, since drivers order them differently: values beside the list are in all."""
    sql = rows[0].sql
    lists = sql.count("IN (?)")
    if not lists:
        return False
    binds_beside = len(bind_places(sql)) - lists
    counts = [Counter(row.values) for row in rows]
    common = reduce(and_, counts)
    equal_values = common.total()
    if equal_values < binds_beside or (lists == 1 and equal_values > binds_beside):
        return False
    if sum(row.binds - equal_values for row in rows) < _CHUNK * len(rows):
        return False
    parts = [set(count - common) for count in counts]
    return len(set().union(*parts)) * 4 >= sum(map(len, parts)) * 3


def _rows_each(rows: list[Statement]) -> float:
    """Return how many rows each execution takes on average; 0 where it is not of a form that takes many."""
    first = rows[0]
    if first.writes and all(row.executemany for row in rows):
        return sum(row.binds for row in rows) / len(rows)
    if first.operation == "INSERT" and " VALUES " in first.sql and "SELECT" not in first.sql:
        return _rows_counted(rows)
    places = places_of_values(rows)
    changed = changed_places(rows) if places is not None else []
    if places is None or not changed:
        return 0
    if {places[number][1] for number in changed} == {ARRAY}:
        return _values_of_arrays(rows, changed) or _rows_counted(rows)
    if first.operation == "DELETE" and len(changed) == 1:
        return _rows_counted(rows) if _moves_on(places[changed[0]], rows, changed[0]) else 0
    return _range(rows, places, changed)


def _values_of_arrays(rows: list[Statement], arrays: list[int]) -> float:
    """Return how many values an array has on average; 0 where that is not known, as for JSON."""
    return max(sum(length_of(row.values[place]) or 0 for row in rows) for place in arrays) / len(rows)


def _moves_on(place: Place, rows: list[Statement], bound: int) -> bool:
    sign = {"<": 1, "<=": 1, ">": -1, ">=": -1}.get(place[1], 0)
    bounds = [row.values[bound] for row in rows]
    numbers = [number for value in bounds if (number := number_of(value)) is not None]
    if len(numbers) < len(bounds):  # the order of texts and times is not known
        return sign != 0 and len({*bounds}) == len(bounds)
    return sign != 0 and all(sign * (after - before) > 0 for before, after in pairwise(numbers))


def _rows_counted(rows: list[Statement]) -> float:
    return sum(row.brought or 0 for row in rows) / len(rows)


def _range(rows: list[Statement], places: tuple[Place, ...], changed: list[int]) -> float:
    """Return the average length of ranges; 0 where they overlap, are no integers, or where other values change, too.

    For a SELECT whose rows are counted, the length is at most the number of rows.
    """
    if len(changed) != 2 or not _is_range(places[changed[0]], places[changed[1]], rows[0].sql):
        return 0
    ends = [sorted(_numbers(row, changed)) for row in rows]
    if any(len(numbers) != 2 for numbers in ends):
        return 0
    operators = {places[number][1] for number in changed}
    last = 0 if operators & {"<", ">"} else 1
    ranges = sorted((low, high + last) for low, high in ends)
    if any(earlier[1] > later[0] for earlier, later in pairwise(ranges)):
        return 0
    length = sum(high - low for low, high in ranges) / len(ranges)
    return length if rows[0].writes else min(length, _rows_counted(rows))


def _is_range(first: Place, second: Place, sql: str) -> bool:
    """Whether two values are the ends of one range: `BETWEEN ? AND ?`, or two bounds of one column."""
    if first[1] == "BETWEEN":
        return second == ("?", "AND")
    operators = {first[1], second[1]}
    return first[0] == second[0] and bool(operators & _LOWER) and bool(operators & _UPPER) and " LIMIT " not in sql


def _numbers(row: Statement, positions: list[int]) -> list[int]:
    numbers = [number_of(row.values[position]) for position in positions]
    return [number for number in numbers if number is not None]
