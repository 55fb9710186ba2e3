"""Transactions: begun, committed or rolled back, with the outcome that the driver confirmed.

The dialects' own methods are wrapped. Listeners are called before the driver is, so they do not know the outcome; they
also cost three times as much.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from query_guard.capture.hooks.checkouts import open_checkout
from query_guard.capture.hooks.transaction_ends import ended_by, line_of_end
from query_guard.capture.live.lock_holders import has_ended
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.window import current, is_recording, sole_recorder, stage_of, watchers, watching
from query_guard.own_errors import followed, report_own_error
from query_guard.records import TransactionOutcome

_BEGIN = "the beginning of a transaction could not be recorded"
_END = "the end of a transaction could not be recorded"


def began(do_begin: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap a dialect's `do_begin`."""

    @wraps(do_begin)
    def timed_begin(dialect: Any, connection: Any) -> None:
        do_begin(dialect, connection)
        try:
            window = current.get()
            if watchers or (window is not None and not window.is_counted_only):  # `is_recording`, to save a call
                _open(dialect, connection)
        except Exception:
            report_own_error(_BEGIN)

    return timed_begin


def ended(do_end: Callable[[Any, Any], None], outcome: TransactionOutcome) -> Callable[[Any, Any], None]:
    """Wrap a dialect's `do_commit` or `do_rollback`."""

    @wraps(do_end)
    def timed_end(dialect: Any, connection: Any) -> None:
        actual: TransactionOutcome = "failed"
        try:
            do_end(dialect, connection)
            actual = outcome
        finally:
            try:
                checkout = open_checkout(connection)
                while checkout is not None and checkout.transaction is not None:
                    close_transaction(checkout, checkout.transaction, actual)
            except Exception:
                report_own_error(_END)

    return timed_end


def began_in_two_phases(do_begin: Callable[[Any, Any, Any], None]) -> Callable[[Any, Any, Any], None]:
    """Wrap a dialect's `do_begin_twophase`, which may begin by itself or call `do_begin`."""

    def note(_: object, _seconds: float, dialect: Any, connection: Any, _xid: Any) -> None:
        if is_recording() and _transaction_of(connection.connection) is None:
            _open(dialect, connection.connection)

    return followed(do_begin, note, _BEGIN)


def ended_in_two_phases(do_end: Callable[..., None], outcome: TransactionOutcome) -> Callable[..., None]:
    """Wrap a dialect's `do_commit_twophase` or `do_rollback_twophase`, which may call `do_rollback` at their end."""

    @wraps(do_end)
    def timed_end(dialect: Any, connection: Any, *args: Any, **options: Any) -> None:
        transaction = None
        actual: TransactionOutcome = "failed"
        try:
            transaction = _transaction_of(connection.connection)
        except Exception:
            report_own_error(_END)
        finally:
            try:
                do_end(dialect, connection, *args, **options)
                actual = outcome
            finally:
                try:
                    _close_second_phase(connection.connection, transaction, actual)
                except Exception:
                    report_own_error(_END)

    return timed_end


def _close_second_phase(connection: Any, transaction: OpenTransaction | None, outcome: TransactionOutcome) -> None:
    """Close a transaction that is still open; one that the second phase's own rollback closed gets its outcome."""
    checkout = open_checkout(connection)
    if checkout is not None and checkout.transaction is not None:
        close_transaction(checkout, checkout.transaction, outcome, 3)
    if transaction is not None and outcome != "failed":
        transaction.outcome = outcome


def _transaction_of(connection: Any) -> OpenTransaction | None:
    checkout = open_checkout(connection)
    return checkout.transaction if checkout is not None else None


def _open(dialect: Any, connection: Any) -> None:
    checkout = open_checkout(connection)
    if checkout is None:
        return
    transaction = checkout.transaction = OpenTransaction(
        checkout.serial, checkout.connection, checkout.pool.engine, checkout.request,
        autocommit=not checkout.sent_begin and _is_autocommit(dialect, connection),
    )  # fmt: skip
    checkout.sent_begin = False
    checkout.last = transaction.started
    window = current.get()
    recorder = sole_recorder(window)
    if recorder is not None:
        recorder.add_transaction(transaction)
        return
    for recorder in watching(window, transaction.engine):
        recorder.add_transaction(transaction)


def close_transaction(
    checkout: OpenCheckout, transaction: OpenTransaction, outcome: TransactionOutcome, depth: int = 2
) -> None:
    """Note the end of a transaction; SQLAlchemy's frames begin `depth` frames above this one."""
    checkout.transaction = transaction.outer
    checkout.last = transaction.ended = perf_counter()
    transaction.outcome = outcome
    if transaction.wrote:
        frame = sys._getframe(depth)
        transaction.ended_by = ended_by(frame, checkout)
        transaction.site = line_of_end(frame)
        transaction.stage = stage_of(current.get())
        has_ended(transaction, checkout)


def _is_autocommit(dialect: Any, connection: Any) -> bool:
    try:
        return bool(dialect.detect_autocommit_setting(connection.dbapi_connection))
    except NotImplementedError:
        return False
