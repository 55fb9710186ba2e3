"""Checkouts and transactions become facts, with what the statements on them tell."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from query_guard.capture.freeze.phases import phase_of
from query_guard.capture.live.pools import pool_facts
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.recorder import BEFORE_RESPONSE, Recorder
from query_guard.records import Checkout, Pause, Pool, Request, Statement, Transaction, grouped


def freeze_transactions(
    recorder: Recorder, statements: Iterable[Statement], request: Request
) -> tuple[Transaction, ...]:
    if not recorder.transactions:
        return ()
    transactions = tuple(recorder.transactions)
    by_transaction = grouped(statements, lambda row: row.transaction) if any(one.wrote for one in transactions) else {}
    return tuple(
        [_transaction(one, by_transaction.get(one.serial, []), recorder.started, request) for one in transactions]
    )


def _transaction(one: OpenTransaction, rows: list[Statement], origin: float, request: Request) -> Transaction:
    writes = rows_written = 0
    has_failed = one.outcome == "failed"
    if rows:
        held = _held(one, rows)
        written = [row for row in held if row.writes]
        writes = sum([row.rows != 0 for row in written])
        rows_written = sum([_rows_of(row) for row in written])
        has_failed = has_failed or any(row.error is not None for row in held)
    return Transaction(
        one.serial,
        one.connection,
        one.started - origin,
        one.ended - origin if one.ended is not None else None,
        one.outcome,
        one.autocommit,
        one.statements,
        writes,
        rows_written,
        has_failed,
        one.ended_by,
        one.site,
        phase_of(one.site, one.stage, one.request, request) if one.ended_by else None,
        one.stage if request.kind == "websocket" else 0,
        one.stage != BEFORE_RESPONSE and request.kind == "http",
        one.engine,
        tuple([Pause(at - origin, site) for at, site in one.pauses.noticed()]) if one.pauses is not None else (),
        one.request,
        one.pauses.dropped if one.pauses is not None else 0,
    )


def _held(one: OpenTransaction, rows: list[Statement]) -> list[Statement]:
    """Return the statements of a transaction that no savepoint took back."""
    if one.savepoints is None or not one.savepoints.undone:
        return rows
    held: list[Statement] = []
    since = 0
    for start, end in tuple(one.savepoints.undone):
        held += rows[since:start]
        since = end
    return held + rows[since:]


def _rows_of(row: Statement) -> int:
    """Return how many rows a write touched; drivers that do not say it of many sets of values touched one for each."""
    if row.rows is not None:
        return row.rows
    return row.binds if row.executemany else 0


def freeze_checkouts(
    recorder: Recorder, statements: Iterable[Statement], request: Request
) -> tuple[tuple[Checkout, ...], tuple[Pool, ...]]:
    """Return a window's checkouts, and the pools they came from as these stand now."""
    rows = tuple(recorder.checkouts)
    idle = _idle_in_transaction(recorder, statements)
    frozen = tuple([_checkout(one, idle.get(one.serial, 0.0), recorder.started, request) for one in rows])
    pools = [pool_facts(watch) for watch in dict.fromkeys([one.pool for one in rows])]
    return frozen, tuple([pool for pool in pools if pool is not None])


def _idle_in_transaction(recorder: Recorder, statements: Iterable[Statement]) -> dict[int, float]:
    """Return by checkout how long its transactions were open without a statement under way."""
    if not recorder.transactions:
        return {}
    busy: dict[int, float] = {}
    for row in statements:
        busy[row.transaction] = busy.get(row.transaction, 0.0) + row.duration
    now = perf_counter()
    idle: dict[int, float] = {}
    for one in tuple(recorder.transactions):
        lasted = (one.ended if one.ended is not None else now) - one.started - busy.get(one.serial, 0.0)
        if lasted > 0.0:
            idle[one.checkout] = idle.get(one.checkout, 0.0) + lasted
    if recorder.dropped()[0]:  # of statements that were only counted, the checkout alone knows the time
        at_most = {one.serial: (one.ended or now) - one.acquired - one.busy for one in tuple(recorder.checkouts)}
        idle = {serial: min(seconds, at_most.get(serial, seconds)) for serial, seconds in idle.items()}
    return idle


def _checkout(one: OpenCheckout, idle: float, origin: float, request: Request) -> Checkout:
    ended, outcome, acquired = one.ended, one.outcome, one.acquired
    return Checkout(
        one.serial,
        one.pool.serial,
        one.connection,
        one.started - origin,
        one.wait,
        one.connect,
        max(0.0, ended - acquired) if ended is not None else None,
        one.busy,
        idle,
        outcome,
        one.site,
        phase_of(one.site, one.stage, one.request, request),
        one.task,
        one.held_in_pool,
        one.holders,
        one.request,
        one.busy_threads,
    )
