"""A window at a glance, from its raw rows: for most requests it is all that is ever made of them."""

from __future__ import annotations

from collections import Counter
from time import perf_counter

from query_guard.capture.facts import shape_of
from query_guard.capture.pools import checked_out
from query_guard.capture.recorder import Recorder
from query_guard.capture.rows import BLOCKING, ERROR, ROWS
from query_guard.records import Numbers, Outline, Request

_MANY = 50
"""Statements from which on a glance costs as much as a look."""
_USUAL = frozenset(("open", "returned"))


def numbers_of(recorder: Recorder) -> Numbers:
    """Return the numbers for headers."""
    rows = tuple(recorder.rows)
    dropped, dropped_time = recorder.dropped()
    query_time = sum([row[2] for row in rows]) + dropped_time
    query_time += sum([sum(row[5]) for row in rows if row[5]])
    checkouts = tuple(recorder.checkouts)
    if not checkouts:
        return Numbers(len(rows) + dropped, query_time)
    watch = checkouts[0].pool
    if len(checkouts) > 1 and any(one.pool is not watch for one in checkouts):
        watch = Counter(one.pool for one in checkouts).most_common(1)[0][0]
        checkouts = tuple(one for one in checkouts if one.pool is watch)
    now = perf_counter()
    held = sum([max(0.0, (one.ended or now) - one.acquired) for one in checkouts])
    wait = sum([one.wait for one in checkouts])
    number = len(checkouts) + recorder.dropped_checkouts
    return Numbers(len(rows) + dropped, query_time, number, wait, held, *checked_out(watch))


def outline_of(recorder: Recorder, request: Request) -> Outline | None:
    """Return what a glance tells, or None where there is too much of it."""
    if len(recorder.rows) > _MANY:
        return None
    outline = Outline(request, recorder.query_count)
    _look_at_connections(outline, recorder)
    _look_at_rows(outline, recorder)
    outline.has_failed_loads = bool(recorder.failed_loads)
    if recorder.loop_blocks:
        blocks = (block.duration for block in tuple(recorder.loop_blocks) if block.end > recorder.started)
        outline.longest_block = max(blocks, default=0.0)
    return outline


def _look_at_connections(outline: Outline, recorder: Recorder) -> None:
    checkouts = tuple(recorder.checkouts)
    outline.checkouts = len(checkouts)
    for one in checkouts:
        outline.longest_wait = max(outline.longest_wait, one.wait)
        if one.outcome not in _USUAL:
            outline.has_lost_checkouts = True
        watch = one.pool
        if watch.engine.is_server:
            outline.server_pools += ((watch.serial, watch.peak, watch.connects),)
    for transaction in tuple(recorder.transactions):
        if transaction.wrote:
            outline.has_written = True
        ended = transaction.ended
        if ended is not None and ended - transaction.started > outline.longest_transaction:
            outline.longest_transaction = ended - transaction.started


def _look_at_rows(outline: Outline, recorder: Recorder) -> None:
    for row in tuple(recorder.rows):
        target = row[0]
        _, _, _, _, writes, described = target.shape or shape_of(target)
        duration, batches = row[2], row[5]
        if batches:
            duration += sum(batches)
        outline.longest_statement = max(outline.longest_statement, duration)
        if (row[ROWS] or 0) > outline.most_rows:
            outline.most_rows = row[ROWS]
        if row[ERROR] is not None or (batches and batches.error):
            outline.has_errors = True
        if writes:
            outline.has_writes = True
        if row[BLOCKING]:
            outline.has_blocking = True
        if described.joined:
            outline.has_joins = True
