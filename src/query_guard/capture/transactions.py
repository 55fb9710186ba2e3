"""Transactions: when one began, how it ended, and what was written in it.

The dialect's own `do_begin`, `do_commit` and `do_rollback` are wrapped: SQLAlchemy's events fire before the driver
call and cannot say how it went.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from query_guard.capture.connections import open_checkout
from query_guard.capture.recorder import current, is_recording, recorders
from query_guard.capture.rows import OpenTransaction, TransactionOutcome
from query_guard.capture.trouble import report_trouble


def began(do_begin: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap a dialect's `do_begin`."""

    @wraps(do_begin)
    def timed_begin(dialect: Any, connection: Any) -> None:
        do_begin(dialect, connection)
        if is_recording():
            _open(dialect, connection)

    return timed_begin


def ended(do_end: Callable[[Any, Any], None], outcome: TransactionOutcome) -> Callable[[Any, Any], None]:
    """Wrap a dialect's `do_commit` or `do_rollback`."""

    @wraps(do_end)
    def timed_end(dialect: Any, connection: Any) -> None:
        try:
            do_end(dialect, connection)
        except BaseException:
            _close(connection, "failed")
            raise
        _close(connection, outcome)

    return timed_end


def _open(dialect: Any, connection: Any) -> None:
    try:
        checkout = open_checkout(connection)
        if checkout is None:
            return
        transaction = OpenTransaction(checkout, autocommit=_is_autocommit(dialect, connection))
        checkout.transaction = transaction
        for recorder in recorders(current.get()):
            recorder.add_transaction(transaction)
    except Exception:
        report_trouble("the beginning of a transaction could not be recorded")


def _close(connection: Any, outcome: TransactionOutcome) -> None:
    try:
        checkout = open_checkout(connection)
        transaction: OpenTransaction | None = checkout.transaction if checkout is not None else None
        if checkout is not None and transaction is not None:
            transaction.outcome = outcome
            transaction.ended = perf_counter()
            checkout.transaction = None
    except Exception:
        report_trouble("the end of a transaction could not be recorded")


def _is_autocommit(dialect: Any, connection: Any) -> bool:
    try:
        return bool(dialect.detect_autocommit_setting(connection.dbapi_connection))
    except NotImplementedError:
        return False
