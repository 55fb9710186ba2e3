"""Why a repeated statement is not a loop to be mended: each reason is a sentence that the report shows."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from operator import and_

from query_guard.detectors.pages import bind_places
from query_guard.detectors.pages import paging as _paging
from query_guard.records import CallSite, Facts, Statement

_CHUNK = 20
"""Values that an IN list must have, on average, to be a chunk of a longer one."""


def batch_reason(rows: list[Statement], facts: Facts) -> str | None:
    """Return why these repetitions are one piece of work, or None when nothing speaks for it."""
    if _is_eager(rows):
        return f"one load in {len(rows)} chunks of selectinload({rows[0].relationship})"
    if _is_flush(rows, facts):
        return f"{len(rows)} rows of one flush"
    if _is_retry(rows, facts):
        return "a retry: the transactions before the last one failed"
    if _is_chunked(rows):
        return f"chunks of an IN list, {sum(row.binds for row in rows) // len(rows)} values each"
    return _paging(rows, facts)


def _is_eager(rows: list[Statement]) -> bool:
    return rows[0].loader is not None and rows[0].loader.kind == "eager"


def _is_flush(rows: list[Statement], facts: Facts) -> bool:
    """Whether one flush wrote them itself; a listener of the application that it called writes for each object."""
    flush = rows[0].flush
    if flush == 0 or any(row.flush != flush for row in rows):
        return False
    return not any(row.flush == flush and _is_called_from(rows[0].site, row.site) for row in facts.statements)


def _is_called_from(site: CallSite, outer: CallSite) -> bool:
    """Whether frames of the application were called at another site, through SQLAlchemy."""
    return 0 < len(outer.frames) < len(site.frames) and site.frames[-len(outer.frames) :] == outer.frames


def _is_retry(rows: list[Statement], facts: Facts) -> bool:
    if not facts.failed_transactions:
        return False
    last = rows[-1].transaction
    earlier = {row.transaction for row in rows if row.transaction != last}
    return bool(earlier) and earlier <= facts.failed_transactions and sum(row.transaction == last for row in rows) == 1


def _is_chunked(rows: list[Statement]) -> bool:
    """Whether these are parts of one IN list: what is beside the list is the same, and hardly any in it comes twice.

    Drivers order the values differently, so that values are compared as sets: those beside the list are in all of them.
    """
    sql = rows[0].sql
    lists = sql.count("IN (?)")
    if not lists:
        return False
    beside = len(bind_places(sql)) - lists
    counts = [Counter(row.values) for row in rows]
    common = reduce(and_, counts)
    same = common.total()
    if same < beside or (lists == 1 and same > beside):
        return False
    if sum(row.binds - same for row in rows) < _CHUNK * len(rows):
        return False
    parts = [set(count - common) for count in counts]
    return len(set().union(*parts)) * 4 >= sum(map(len, parts)) * 3
