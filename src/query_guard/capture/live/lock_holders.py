"""Transactions that had written while a slow statement ran: it may have waited for their locks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from time import perf_counter

from query_guard.capture.live.pools import live_watches
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.records import Statement, Writer
from query_guard.sql.fingerprint import fingerprint

_SLOW = 0.05
"""Seconds from which on a statement may have waited for a lock."""
_MOST = 100
_ended: deque[tuple[OpenTransaction, OpenCheckout]] = deque(maxlen=_MOST)


def has_ended(transaction: OpenTransaction, checkout: OpenCheckout) -> None:
    """Remember, for a while, a transaction that wrote on a server."""
    if transaction.engine.is_server:
        _ended.append((transaction, checkout))


def writers_beside(statements: Iterable[Statement], origin: float) -> tuple[Writer, ...]:
    """Return the transactions that had written while a slow statement that takes locks was running."""
    long_rows = [row for row in statements if row.duration >= _SLOW and row.engine.is_server and takes_locks(row)]
    if not long_rows:
        return ()
    engines = {row.engine.serial for row in long_rows}
    now = perf_counter()
    writers = [
        Writer(
            transaction.serial,
            checkout.name,
            transaction.started - origin,
            (transaction.ended or now) - origin,
            _tables(transaction),
            transaction.engine.serial,
        )
        for transaction, checkout in _all_writers()
        if transaction.engine.serial in engines
    ]
    return tuple(
        writer for writer in writers if any(writer.start < row.end and writer.end > row.start for row in long_rows)
    )


def takes_locks(row: Statement) -> bool:
    return bool(row.writes) or bool(row.info.clauses.lock) or " FOR UPDATE" in row.sql or " FOR SHARE" in row.sql


def _all_writers() -> Iterator[tuple[OpenTransaction, OpenCheckout]]:
    yield from tuple(_ended)
    for watch in live_watches():
        for checkout in tuple(watch.holders.values()):
            transaction = checkout.transaction
            if transaction is not None and transaction.wrote:
                yield transaction, checkout


def _tables(transaction: OpenTransaction) -> tuple[str, ...]:
    """Return the tables that a transaction wrote to."""
    written = [fingerprint(info.sql, info.engine.dialect).writes for info in transaction.texts]
    return tuple(dict.fromkeys(table for tables in written for table in tables))
