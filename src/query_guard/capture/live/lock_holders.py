"""Who else held a transaction that had written while a statement took long: it may have waited for that one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from time import perf_counter

from query_guard.capture.live.pools import live_watches
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.records import Statement, Writer
from query_guard.sql.fingerprint import fingerprint

_LONG = 0.05
"""Seconds from which on a statement may have waited for somebody."""
_MOST = 100
_ended: deque[tuple[OpenTransaction, OpenCheckout]] = deque(maxlen=_MOST)


def has_ended(transaction: OpenTransaction, checkout: OpenCheckout) -> None:
    """Remember for a while a transaction that wrote on a server."""
    if transaction.engine.is_server:
        _ended.append((transaction, checkout))


def writers_beside(statements: Iterable[Statement], origin: float) -> tuple[Writer, ...]:
    """Return the transactions that had written while a long statement that takes locks was under way."""
    long = [row for row in statements if row.duration >= _LONG and row.engine.is_server and takes_locks(row)]
    if not long:
        return ()
    engines = {row.engine.serial for row in long}
    now = perf_counter()
    writers = [
        Writer(
            one.serial,
            checkout.name,
            one.started - origin,
            (one.ended or now) - origin,
            _tables(one),
            one.engine.serial,
        )
        for one, checkout in _all_writers()
        if one.engine.serial in engines
    ]
    return tuple(one for one in writers if any(one.start < row.end and one.end > row.start for row in long))


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
    written = [fingerprint(target.sql, target.engine.dialect).writes for target in transaction.texts]
    return tuple(dict.fromkeys(table for tables in written for table in tables))
