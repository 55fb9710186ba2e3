"""The place of each value in the text of a statement, and which values change from one execution to the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from query_guard.records import Statement

Place: TypeAlias = tuple[str, str]
"""The column and the operator before a value; LIMIT, OFFSET and ARRAY count as operators."""

ARRAY = "ARRAY"
"""The operator of a value that is an array: `= ANY(?)`, `unnest(?)`."""
LIMITS = frozenset(("LIMIT", "FIRST", "NEXT"))
OFFSET = "OFFSET"
BOUNDS = frozenset(("<", ">", "<=", ">="))
_WINDOW = frozenset((*LIMITS, OFFSET))
_RANGE = frozenset((*BOUNDS, "BETWEEN", "AND"))
_ARRAY = re.compile(r"(?i)\b(?:ANY|unnest|json_each|json_array_elements\w*|OPENJSON)\s*\(\s*(?:CAST\s*\(\s*)?$")


def places_of_values(rows: Sequence[Statement]) -> tuple[Place, ...] | None:
    """Return the place of each value of some statements of one text, or None where the places are not known.

    If the text contains further values, they are equal in all executions. Then the values are matched by their number
    with all places but LIMIT and OFFSET, with the arrays, or with the ends of ranges.
    """
    places, number = bind_places(rows[0].sql), len(rows[0].values)
    if any(len(row.values) != number for row in rows):
        return None
    if number == len(places):
        return places
    if any(row.text != rows[0].text for row in rows):
        return None
    bound_places = (
        tuple([place for place in places if place[1] not in _WINDOW]),
        tuple([place for place in places if place[1] == ARRAY]),
        tuple([place for place in places if place[1] in _RANGE]),
    )
    return next((candidate for candidate in bound_places if len(candidate) == number), None)


def changed_places(rows: Sequence[Statement]) -> list[int]:
    """Return the numbers of the values that are not the same in all executions."""
    values_by_number = zip(*(row.values for row in rows), strict=True)
    return [number for number, values in enumerate(values_by_number) if len({*values}) > 1]


@lru_cache(maxsize=1024)
def bind_places(sql: str) -> tuple[Place, ...]:
    """Return the place of each value of a canonical text."""
    places: list[Place] = []
    for match in re.finditer(r"(?<!\?)\?(?![?|&])", sql):
        words = sql[max(0, match.start() - 300) : match.start()].replace("(", " ( ").split()
        if words[-1:] == ["?,"] and places:
            places.append(places[-1])
        elif _ARRAY.search(sql, max(0, match.start() - 60), match.start()):
            places.append(("", ARRAY))
        elif words[-1:] == ["("] and words[-2:-1] and words[-2] in BOUNDS:
            places.append((" ".join(words[:-2]).rpartition(" ( ")[2].rstrip(" )"), words[-2]))
        else:
            places.append((words[-2] if len(words) > 1 else "", words[-1] if words else ""))
    return tuple(places)
