"""Whether a repeated statement reads one list page by page.

Pages change their OFFSET, or the bounds of the columns they are ordered by, and nothing else. A page has more than one
row, no page comes twice, and pages do not overlap: an OFFSET is at least a LIMIT after the one before, and a bound
moves on in the order of its list. A walk by bounds has full pages, and ends with a page that is not full or is empty.
Rows that are read for each row of another list are a loop, even with a LIMIT. So are full pages only, by bounds whose
order is not known (texts, dates).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from query_guard.detectors.binds import BOUNDS, LIMITS, OFFSET, Place, bind_places, changed_places, places_of_values
from query_guard.records import Facts, Statement
from query_guard.records.salt import number_of


def paging(rows: list[Statement], facts: Facts) -> str | None:
    """Return why repetitions are the pages of one list, or None where they are not."""
    sql = rows[0].sql
    answered = [row for row in rows if row.error is None]
    if not _is_limited(sql) or not answered or _are_single_rows(answered):
        return None
    if not any(row.values for row in answered):
        return _named(sql, list(bind_places(sql)))  # values inside the text: any of them may have changed
    places = places_of_values(answered)
    if places is None:
        return None
    changed = changed_places(answered)
    reason = _named(sql, [places[number] for number in changed])
    limits = _limits(places, answered)
    if reason is None or 1 in limits or len({row.values for row in answered}) < len(answered):
        return None
    offset = next((number for number in changed if places[number][1] == _offset_of(sql)), None)
    if offset is not None:
        return reason if _are_apart(_numbers(answered, offset), limits) else None
    return reason if _is_walk(answered, places, changed, limits[0], facts) else None


def _named(sql: str, changed: list[Place]) -> str | None:
    """Name what changes from page to page; None if anything else changes, too."""
    operators = {operator for _, operator in changed}
    if _offset_of(sql) in operators and operators <= {OFFSET, *LIMITS}:
        return "pages: only OFFSET changes"
    bounded = {column for column, operator in changed if operator in BOUNDS}
    ordered = re.search(r" (?:LIMIT|FETCH) ", sql) is not None and " ORDER BY " in sql
    if bounded and ordered and {column for column, _ in changed} <= bounded:
        return f"pages: only the bound of {', '.join(sorted(bounded))} changes"
    return None


def _offset_of(sql: str) -> str:
    """Return the word before an OFFSET, which is LIMIT in `LIMIT offset, limit`."""
    return "LIMIT" if "LIMIT ?, ?" in sql else OFFSET


def _are_single_rows(rows: list[Statement]) -> bool:
    """Whether no execution but the last, which may be a short page, is known to have returned more than one row."""
    brought = [row.brought for row in rows[:-1] if row.brought is not None]
    return bool(brought) and max(brought) <= 1


def _limits(places: Sequence[Place], rows: Sequence[Statement]) -> list[int | None]:
    """Return the LIMIT of each page, None where it is unknown. That of `LIMIT ?, ?` is the second."""
    of_limits = [number for number, (_, operator) in enumerate(places) if operator in LIMITS]
    return _numbers(rows, of_limits[-1]) if of_limits else [None] * len(rows)


def _numbers(rows: Sequence[Statement], position: int) -> list[int | None]:
    return [number_of(row.values[position]) for row in rows]


def _are_apart(offsets: Sequence[int | None], limits: Sequence[int | None]) -> bool:
    """Whether each OFFSET is at least a LIMIT after the one before; tasks may send them in any order."""
    pages = sorted((offset, limit or 0) for offset, limit in zip(offsets, limits, strict=True) if offset is not None)
    return all(
        limit >= 0 and next_offset - previous >= limit for (previous, limit), (next_offset, _) in pairwise(pages)
    )


def _is_walk(
    rows: Sequence[Statement], places: Sequence[Place], changed: Sequence[int], limit: int | None, facts: Facts
) -> bool:
    """Whether pages by a bound move on to the end of their list; only the leading column is compared."""
    bounds = _numbers(rows, changed[0])
    known_bounds = [bound for bound in bounds if bound is not None]
    has_order = len(known_bounds) == len(bounds)
    if has_order and not _moves_on(places[changed[0]][1], known_bounds, len(changed) == 1, limit):
        return False
    if rows[0].info.joined or any(row.brought is None for row in rows):  # the size of a page is not known
        return not _is_for_each_row(rows, facts)
    brought = [row.brought or 0 for row in rows]
    size = limit if limit is not None else max(brought)
    if not _are_full_to_the_end(brought, size) or (not has_order and min(brought) >= size):
        return False
    is_alone = has_order and len(changed) == 1
    return (is_alone and _went_past_the_end(known_bounds, brought, size)) or not _is_for_each_row(rows, facts)


def _are_full_to_the_end(brought: Sequence[int], size: int) -> bool:
    """Whether only the last page is not full; an empty one may follow it."""
    full = brought[:-2] if brought[-1] == 0 else brought[:-1]
    return all(number >= size for number in full) and 0 not in brought[:-1]


def _went_past_the_end(bounds: Sequence[int], brought: Sequence[int], size: int) -> bool:
    """Whether the last page but one was short, and whole numbers leave room between the bounds for all rows."""
    steps = [abs(next_bound - bound) for bound, next_bound in pairwise(bounds)]
    has_room = all(step >= number for step, number in zip(steps, brought, strict=False))
    return has_room and brought[-1] == 0 < brought[-2] < size


def _moves_on(operator: str, bounds: Sequence[int], is_alone: bool, limit: int | None) -> bool:
    """Whether a bound moves on in the direction of its operator; the only bound must move by a whole page once."""
    sign = 1 if operator.startswith(">") else -1
    steps = [sign * (next_bound - bound) for bound, next_bound in pairwise(bounds)]
    return all(step >= 0 for step in steps) and (not is_alone or limit is None or max(steps, default=0) >= limit)


def _is_for_each_row(rows: Sequence[Statement], facts: Facts) -> bool:
    """Whether an earlier statement returned as many rows as there are pages: then a page is read for each of its rows.

    A statement of the same fingerprint does not count: CPython may compile the condition of a `while` twice, so that
    the first page has another line.
    """
    earlier_rows = facts.statements[: rows[0].serial - 1]
    return any(row.brought == len(rows) > 2 and row.fingerprint != rows[0].fingerprint for row in earlier_rows)


@lru_cache(maxsize=1024)
def _is_limited(sql: str) -> bool:
    return re.search(r"\b(?:LIMIT|OFFSET|FETCH)\b", sql) is not None
