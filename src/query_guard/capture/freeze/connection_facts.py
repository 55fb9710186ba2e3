"""Make facts of checkouts and transactions, with sums over their statements."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from query_guard.capture.freeze.phases import phase_of
from query_guard.capture.live.pools import pool_facts
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.stages import BEFORE_RESPONSE
from query_guard.records import Checkout, Pause, Pool, Request, Statement, Transaction, grouped


def freeze_transactions(
    recorder: Recorder, statements: Iterable[Statement], request: Request
) -> tuple[Transaction, ...]:
    if not recorder.transactions:
        return ()
    transactions = tuple(recorder.transactions)
    has_writes = any(transaction.wrote for transaction in transactions)
    by_transaction = grouped(statements, lambda row: row.transaction) if has_writes else {}
    return tuple(
        [
            _transaction(transaction, by_transaction.get(transaction.serial, []), recorder.started, request)
            for transaction in transactions
        ]
    )


def _transaction(transaction: OpenTransaction, rows: list[Statement], origin: float, request: Request) -> Transaction:
    pauses = transaction.pauses
    writes = rows_written = 0
    has_failed = transaction.outcome == "failed"
    if rows:
        remaining = _kept_statements(transaction, rows)
        written = [row for row in remaining if row.writes]
        writes = sum([row.rows != 0 for row in written])
        rows_written = sum([_rows_of(row) for row in written])
        has_failed = has_failed or any(row.error is not None for row in remaining)
    return Transaction(
        transaction.serial,
        transaction.connection,
        transaction.started - origin,
        transaction.ended - origin if transaction.ended is not None else None,
        transaction.outcome,
        transaction.autocommit,
        transaction.statements,
        writes,
        rows_written,
        has_failed,
        transaction.ended_by,
        transaction.site,
        phase_of(transaction.site, transaction.stage, transaction.request, request) if transaction.ended_by else None,
        transaction.stage if request.kind == "websocket" else 0,
        transaction.stage != BEFORE_RESPONSE and request.kind == "http",
        transaction.engine,
        tuple([Pause(at - origin, site) for at, site in pauses.noticed()]) if pauses is not None else (),
        transaction.request,
        pauses.dropped if pauses is not None else 0,
    )


def _kept_statements(transaction: OpenTransaction, rows: list[Statement]) -> list[Statement]:
    """Return the statements of a transaction without those that were rolled back to a savepoint."""
    if transaction.savepoints is None or not transaction.savepoints.undone:
        return rows
    kept: list[Statement] = []
    since = 0
    for start, end in tuple(transaction.savepoints.undone):
        kept += rows[since:start]
        since = end
    return kept + rows[since:]


def _rows_of(row: Statement) -> int:
    """Return how many rows a write changed; one for each set of values, where the driver does not count them."""
    if row.rows is not None:
        return row.rows
    return row.binds if row.executemany else 0


def freeze_checkouts(
    recorder: Recorder, statements: Iterable[Statement], request: Request
) -> tuple[tuple[Checkout, ...], tuple[Pool, ...]]:
    """Return the checkouts of a window, and their pools with the numbers of now."""
    rows = tuple(recorder.checkouts)
    idle = _idle_in_transaction(recorder, statements)
    frozen = tuple(
        [_checkout(checkout, idle.get(checkout.serial, 0.0), recorder.started, request) for checkout in rows]
    )
    pools = [pool_facts(watch) for watch in dict.fromkeys([checkout.pool for checkout in rows])]
    return frozen, tuple([pool for pool in pools if pool is not None])


def _idle_in_transaction(recorder: Recorder, statements: Iterable[Statement]) -> dict[int, float]:
    """Return by checkout how many seconds its transactions were open while no statement ran."""
    if not recorder.transactions:
        return {}
    busy: dict[int, float] = {}
    for row in statements:
        busy[row.transaction] = busy.get(row.transaction, 0.0) + row.duration
    now = perf_counter()
    idle: dict[int, float] = {}
    for transaction in tuple(recorder.transactions):
        ended = transaction.ended if transaction.ended is not None else now
        idle_seconds = ended - transaction.started - busy.get(transaction.serial, 0.0)
        if idle_seconds > 0.0:
            idle[transaction.checkout] = idle.get(transaction.checkout, 0.0) + idle_seconds
    if recorder.dropped()[0]:  # only the checkout knows the time of statements without details
        at_most = {
            checkout.serial: (checkout.ended or now) - checkout.acquired - checkout.busy
            for checkout in tuple(recorder.checkouts)
        }
        idle = {serial: min(seconds, at_most.get(serial, seconds)) for serial, seconds in idle.items()}
    return idle


def _checkout(checkout: OpenCheckout, idle: float, origin: float, request: Request) -> Checkout:
    ended, outcome, acquired = checkout.ended, checkout.outcome, checkout.acquired
    return Checkout(
        checkout.serial,
        checkout.pool.serial,
        checkout.connection,
        checkout.started - origin,
        checkout.wait,
        checkout.connect,
        max(0.0, ended - acquired) if ended is not None else None,
        checkout.busy,
        idle,
        outcome,
        checkout.site,
        phase_of(checkout.site, checkout.stage, checkout.request, request),
        checkout.task,
        checkout.held_in_pool,
        checkout.holders,
        checkout.request,
        checkout.busy_threads,
        checkout.created,
    )
