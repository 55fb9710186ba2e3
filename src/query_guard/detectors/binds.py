"""Which value of a statement stands where in its text, and which of them change from one execution to the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from query_guard.records import Statement

Place: TypeAlias = tuple[str, str]
"""Column and operator before a value; LIMIT, OFFSET and ARRAY are operators, too."""

ARRAY = "ARRAY"
"""The operator of a value that is an array: `= ANY(?)`, `unnest(?)`."""
LIMITS = frozenset(("LIMIT", "FIRST", "NEXT"))
OFFSET = "OFFSET"
BOUNDS = frozenset(("<", ">", "<=", ">="))
_WINDOW = frozenset((*LIMITS, OFFSET))
_RANGE = frozenset((*BOUNDS, "BETWEEN", "AND"))
_ARRAY = re.compile(r"(?i)\b(?:ANY|unnest|json_each|json_array_elements\w*|OPENJSON)\s*\(\s*(?:CAST\s*\(\s*)?$")


def places_of_values(rows: Sequence[Statement]) -> tuple[Place, ...] | None:
    """Return the place of each value of some statements of one text, or None where that is not known.

    Where others were written into the text, they are the same in all, and those that were given are taken to be all
    but LIMIT and OFFSET, the arrays, or the ends of ranges, whichever are as many.
    """
    places, number = bind_places(rows[0].sql), len(rows[0].values)
    if any(len(row.values) != number for row in rows):
        return None
    if number == len(places):
        return places
    if any(row.text != rows[0].text for row in rows):
        return None
    given = (
        tuple([place for place in places if place[1] not in _WINDOW]),
        tuple([place for place in places if place[1] == ARRAY]),
        tuple([place for place in places if place[1] in _RANGE]),
    )
    return next((some for some in given if len(some) == number), None)


def changed_places(rows: Sequence[Statement]) -> list[int]:
    """Return the numbers of the values that are not the same in all executions."""
    by_place = zip(*(row.values for row in rows), strict=True)
    return [place for place, values in enumerate(by_place) if len({*values}) > 1]


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
