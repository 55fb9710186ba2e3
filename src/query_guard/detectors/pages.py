"""Whether a repeated statement reads one list page by page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from query_guard.records import Facts, Statement
from query_guard.records.salt import number_of

_BOUNDS = frozenset(("<", ">", "<=", ">="))
_OFFSET = "OFFSET"
_LIMITS = frozenset(("LIMIT", "FIRST", "NEXT"))


def paging(rows: list[Statement], facts: Facts) -> str | None:
    """Return why repetitions are the pages of one list, or None where they are not.

    Pages change their OFFSET, or the bounds of the columns they are ordered by, and nothing else. A page has more than
    one row, no page comes twice, and pages do not overlap: an OFFSET is at least a LIMIT from any other, and a bound
    moves on in the order of its list. Rows, neighbours or windows that are read for each row of a list are a loop.
    """
    sql = rows[0].sql
    answered = [row for row in rows if row.error is None]
    if not _is_limited(sql) or not answered or _are_single_rows(answered):
        return None
    places = bind_places(sql)
    if not any(row.values for row in answered):
        return _named(sql, list(places))  # values inside the text: any of them may have changed
    if any(len(row.values) != len(places) for row in answered):
        return None
    by_place = list(zip(*(row.values for row in answered), strict=True))
    changed = [index for index, values in enumerate(by_place) if len({*values}) > 1]
    reason = _named(sql, [places[index] for index in changed])
    limit = _limit(places, by_place)
    if reason is None or limit == 1 or len({row.values for row in answered}) < len(answered):
        return None
    numbers = {index: [number_of(value) for value in by_place[index]] for index in changed}
    offset = next((index for index in changed if places[index][1] == _offset_of(sql)), None)
    if offset is not None:
        return reason if _is_apart(numbers[offset], limit) else None
    leading = changed[0]
    moves_on = _moves_on(places[leading][1], numbers[leading], len(changed) == 1, limit)
    return reason if moves_on and not _is_for_each_row(answered, facts) else None


def _named(sql: str, changed: list[tuple[str, str]]) -> str | None:
    """Name what changes from page to page; None if anything else changes, too."""
    operators = {operator for _, operator in changed}
    if _offset_of(sql) in operators and operators <= {_OFFSET, *_LIMITS}:
        return "pages: only OFFSET changes"
    bounded = {column for column, operator in changed if operator in _BOUNDS}
    ordered = re.search(r" (?:LIMIT|FETCH) ", sql) is not None and " ORDER BY " in sql
    if bounded and ordered and {column for column, _ in changed} <= bounded:
        return f"pages: only the bound of {', '.join(sorted(bounded))} changes"
    return None


def _offset_of(sql: str) -> str:
    """Return the word before an OFFSET, which is LIMIT in `LIMIT offset, limit`."""
    return "LIMIT" if "LIMIT ?, ?" in sql else _OFFSET


def _are_single_rows(rows: list[Statement]) -> bool:
    """Whether it is known that hardly any of them brought more than one row; the last page may be short."""
    brought = [row.brought for row in rows[:-1] if row.brought is not None]
    return bool(brought) and max(brought) <= 1


def _limit(places: tuple[tuple[str, str], ...], by_place: list[tuple[int, ...]]) -> int | None:
    """Return the largest LIMIT of the pages, or None where it is unknown. That of `LIMIT ?, ?` is the second."""
    of_limits = [values for (_, operator), values in zip(places, by_place, strict=True) if operator in _LIMITS]
    numbers = [number_of(value) for value in of_limits[-1]] if of_limits else []
    known = [number for number in numbers if number is not None]
    return max(known) if known else None


def _is_apart(offsets: Iterable[int | None], limit: int | None) -> bool:
    """Whether each OFFSET is at least a LIMIT from the next; tasks may ask for them in any order."""
    known = sorted([offset for offset in offsets if offset is not None])
    if limit is not None and limit < 0:
        return False
    return limit is None or all(after - before >= limit for before, after in pairwise(known))


def _moves_on(operator: str, bounds: list[int | None], is_alone: bool, limit: int | None) -> bool:
    """Whether a bound goes on in the direction of its operator, and, where it is the only one, by a page somewhere."""
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        return True  # the order of texts and dates is not known
    sign = 1 if operator.startswith(">") else -1
    steps = [sign * (after - before) for before, after in pairwise(known)]
    return all(step >= 0 for step in steps) and (not is_alone or limit is None or max(steps, default=0) >= limit)


def _is_for_each_row(rows: list[Statement], facts: Facts) -> bool:
    """Whether another statement has brought as many rows as there are pages: then it is they whose neighbours are read.

    CPython may compile the condition of a `while` twice, so that the first page has a line of its own.
    """
    before = facts.statements[: rows[0].serial - 1]
    return any(row.brought == len(rows) > 2 and row.fingerprint != rows[0].fingerprint for row in before)


@lru_cache(maxsize=1024)
def _is_limited(sql: str) -> bool:
    return re.search(r"\b(?:LIMIT|OFFSET|FETCH)\b", sql) is not None


@lru_cache(maxsize=1024)
def bind_places(sql: str) -> tuple[tuple[str, str], ...]:
    """Return column and operator before each value of a canonical text; LIMIT and OFFSET are operators, too."""
    places: list[tuple[str, str]] = []
    for match in re.finditer(r"(?<!\?)\?(?![?|&])", sql):
        words = sql[max(0, match.start() - 300) : match.start()].replace("(", " ( ").split()
        if words[-1:] == ["?,"] and places:
            places.append(places[-1])
        elif words[-1:] == ["("] and words[-2:-1] and words[-2] in _BOUNDS:
            places.append((" ".join(words[:-2]).rpartition(" ( ")[2].rstrip(" )"), words[-2]))
        else:
            places.append((words[-2] if len(words) > 1 else "", words[-1] if words else ""))
    return tuple(places)
