"""Why a repeated statement is not a loop to be mended: each reason is a sentence that the report shows.

What writes in chunks is no loop either. A chunk is one execution that writes twenty rows or more on average: many sets
of parameters (executemany), VALUES with many rows, an array of values, or a range of keys that no other chunk overlaps.
An UPDATE or DELETE by one value is a loop, however many rows it writes.

A retry sends again what was in transactions that failed, or that were rolled back since an UPDATE found its version
stale; the last one went through. The jobs of a queue, and polls, are no loops: each is its own transaction for a
reason.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import reduce
from itertools import pairwise
from operator import and_

from query_guard.detectors.acts import acts, reads_catalogue
from query_guard.detectors.pages import bind_places
from query_guard.detectors.pages import paging as _paging
from query_guard.detectors.polls import polls_for_news
from query_guard.records import CallSite, Facts, Statement
from query_guard.records.salt import number_of

_CHUNK = 20
"""Values that an IN list must have, or rows that a statement must write, on average, to be a chunk of more."""
_OF_AN_ARRAY = re.compile(r"(?i)\b(?:ANY|unnest|json_each|OPENJSON)\s*\(")
_RANGE = re.compile(r" BETWEEN \? AND \?")


def batch_reason(rows: list[Statement], facts: Facts) -> str | None:
    """Return why these repetitions are one piece of work, or None when nothing speaks for it."""
    if _is_eager(rows):
        return f"one load in {len(rows)} chunks of selectinload({rows[0].relationship})"
    if _is_flush(rows, facts):
        return f"{len(rows)} rows of one flush"
    if _may_be_refused(rows, facts):
        return "each row has a savepoint of its own, as some are refused"
    if acts(rows[0]):
        return "each takes a lock, changes a setting or notifies somebody"
    if reads_catalogue(rows[0]):
        return "it reads the database's own catalogue"
    if _is_retry(rows, facts):
        return "a retry: the transactions before the last one failed"
    if _is_of_jobs(rows, facts):
        return "the jobs of a queue, each in the transaction that took it with SKIP LOCKED"
    if polls_for_news(rows, facts):
        return "a poll: each asks, in a transaction of its own after a wait, for what is new since the last"
    if _is_chunked(rows):
        return f"chunks of an IN list, {sum(row.binds for row in rows) // len(rows)} values each"
    if rows[0].writes and (written := _written_at_once(rows)) >= _CHUNK:
        return f"written in chunks, about {written:.0f} rows each"
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
    earlier = {row.transaction for row in rows} - {rows[-1].transaction}
    return bool(earlier) and len(earlier) == len(rows) - 1 and earlier <= facts.failed_transactions


def _is_of_jobs(rows: list[Statement], facts: Facts) -> bool:
    """Whether each belongs to another job of a queue, whose lock ends with its transaction."""
    transactions = {row.transaction for row in rows}
    return len(transactions) == len(rows) and transactions <= facts.queue_transactions


def _may_be_refused(rows: list[Statement], facts: Facts) -> bool:
    """Whether rows are inserted one by one because the database refuses some: the transaction went on after that.

    Under asyncio the one that was refused has another call site, since it ends in another way.
    """
    last = rows[-1]
    if last.operation != "INSERT" or last.error is not None:
        return False
    return any(
        row.error is not None and row.fingerprint == last.fingerprint and row.site.innermost == last.site.innermost
        for row in facts.by_transaction.get(last.transaction, ())
        if row.serial < last.serial
    )


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


def _written_at_once(rows: list[Statement]) -> float:
    """Return how many rows each execution writes on average, where it is one that may write many by its own doing."""
    first = rows[0]
    if all(row.executemany for row in rows):
        return sum(row.binds for row in rows) / len(rows)
    if _writes_a_list(first):
        return sum(row.brought or 0 for row in rows) / len(rows)
    if _RANGE.search(first.sql) and first.sql.count("?") == first.sql.count("= ?") + 2:
        return _range(rows)
    return 0


def _writes_a_list(row: Statement) -> bool:
    """Whether its text has room for many rows: VALUES without a SELECT, or an array of values."""
    inserted = row.operation == "INSERT" and " VALUES " in row.sql and "SELECT" not in row.sql
    return inserted or _OF_AN_ARRAY.search(row.sql) is not None


def _range(rows: list[Statement]) -> float:
    """Return the average length of the ranges of `BETWEEN ? AND ?`; 0 where they overlap, or are no whole numbers."""
    place = next((index for index, (_, word) in enumerate(bind_places(rows[0].sql)) if word == "BETWEEN"), None)
    if place is None or any(len(row.values) <= place + 1 for row in rows):
        return 0
    ranges = [(number_of(row.values[place]), number_of(row.values[place + 1])) for row in rows]
    known = sorted((low, high) for low, high in ranges if low is not None and high is not None)
    overlaps = any(earlier[1] >= later[0] for earlier, later in pairwise(known))
    return 0 if overlaps or len(known) < len(rows) else sum(high - low + 1 for low, high in known) / len(known)
