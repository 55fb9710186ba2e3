"""Transactions: begun, committed, rolled back, as the driver confirmed it.

The dialects' own methods are wrapped: they tell the true outcome and cost a third of what listeners cost, which fire
before the driver is called.
"""

from __future__ import annotations

import sys
from asyncio import current_task
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from types import FrameType
from typing import Any, Literal

from query_guard.capture.hooks.checkouts import open_checkout, taken_before
from query_guard.capture.hooks.sessionmaker_blocks import left_at
from query_guard.capture.live.event_loop import suspended
from query_guard.capture.live.lock_holders import has_ended
from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.source_files import LIBRARY, kind_of
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.window import current, is_recording, sole_recorder, stage_of, watching
from query_guard.own_errors import followed, report_own_error
from query_guard.records import CallSite, TransactionOutcome

_CLOSING = frozenset(("close", "_reset", "_finalize_fairy", "invalidate"))
"""Functions of SQLAlchemy that roll back what nobody has ended."""
_JOINS = "_connection_for_bind"
"""The function of SQLAlchemy in which a session begins what it needs on a connection."""
_BEGIN = "the beginning of a transaction could not be recorded"
_END = "the end of a transaction could not be recorded"


def began(do_begin: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap a dialect's `do_begin`."""

    @wraps(do_begin)
    def timed_begin(dialect: Any, connection: Any) -> None:
        do_begin(dialect, connection)
        try:
            if is_recording():
                _open(dialect, connection)
        except Exception:
            report_own_error(_BEGIN)

    return timed_begin


def ended(do_end: Callable[[Any, Any], None], outcome: TransactionOutcome) -> Callable[[Any, Any], None]:
    """Wrap a dialect's `do_commit` or `do_rollback`."""

    @wraps(do_end)
    def timed_end(dialect: Any, connection: Any) -> None:
        told: TransactionOutcome = "failed"
        try:
            do_end(dialect, connection)
            told = outcome
        finally:
            try:
                checkout = open_checkout(connection)
                while checkout is not None and checkout.transaction is not None:
                    _close(checkout, checkout.transaction, told)
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
    """Wrap a dialect's `do_commit_twophase` or `do_rollback_twophase`, which may end with a rollback of their own."""

    @wraps(do_end)
    def timed_end(dialect: Any, connection: Any, *args: Any, **options: Any) -> None:
        transaction = None
        told: TransactionOutcome = "failed"
        try:
            transaction = _transaction_of(connection.connection)
        except Exception:
            report_own_error(_END)
        finally:
            try:
                do_end(dialect, connection, *args, **options)
                told = outcome
            finally:
                try:
                    _close_second_phase(connection.connection, transaction, told)
                except Exception:
                    report_own_error(_END)

    return timed_end


def _close_second_phase(connection: Any, transaction: OpenTransaction | None, told: TransactionOutcome) -> None:
    """Close what the step has left open; a rollback of its own that it ended with has the outcome of the whole."""
    checkout = open_checkout(connection)
    if checkout is not None and checkout.transaction is not None:
        _close(checkout, checkout.transaction, told, 3)
    if transaction is not None and told != "failed":
        transaction.outcome = told


def noted_savepoint(do: Callable[[Any, Any, str], None], note: str) -> Callable[[Any, Any, str], None]:
    """Wrap a dialect's method that makes, releases or rolls back to a savepoint; `note` is ours of OpenTransaction."""

    def note_it(_: object, _seconds: float, _dialect: Any, connection: Any, name: str) -> None:
        fairy = connection.connection
        checkout = open_checkout(fairy)
        transaction = checkout.transaction if checkout is not None else None
        if note == "save" and _stands_for_a_transaction(transaction):
            _open_inside(checkout or taken_before(fairy), name)
        elif checkout is None:
            return
        elif transaction is not None and transaction.savepoint == name and note != "save":
            _close(checkout, transaction, "committed" if note == "release" else "rolled back")
        elif transaction is not None:
            getattr(transaction, note)(name)

    return followed(do, note_it, "a savepoint could not be recorded")


def _stands_for_a_transaction(around: OpenTransaction | None) -> bool:
    """Whether a savepoint is what a session of a request has in place of a transaction, as tests arrange it.

    `join_transaction_mode="create_savepoint"` lets it join a transaction that somebody began before the request.
    """
    window = current.get()
    if window is None or not window.request or (around is not None and around.request == window.request):
        return False
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and kind_of(frame.f_code.co_filename) is LIBRARY:
        if frame.f_code.co_name == _JOINS:
            return not getattr(frame.f_locals.get("self"), "nested", True)
        frame = frame.f_back
    return False


def _open_inside(checkout: OpenCheckout, savepoint: str) -> None:
    window = current.get()
    request = window.request if window is not None else 0
    engine = checkout.pool.engine
    transaction = OpenTransaction(checkout.serial, checkout.connection, engine, request, autocommit=False)
    transaction.around, transaction.savepoint = checkout.transaction, savepoint
    checkout.transaction = transaction
    checkout.last = transaction.started
    for recorder in watching(window, engine):
        recorder.add_transaction(transaction)


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


def _close(checkout: OpenCheckout, transaction: OpenTransaction, outcome: TransactionOutcome, depth: int = 2) -> None:
    """Note an end; `depth` is how far above its frame SQLAlchemy's begin."""
    checkout.transaction = transaction.around
    checkout.last = transaction.ended = perf_counter()
    transaction.outcome = outcome
    if transaction.wrote:
        frame = sys._getframe(depth)
        transaction.ended_by = _ended_by(frame, checkout)
        transaction.site = _line_of_end(frame)
        transaction.stage = stage_of(current.get())
        has_ended(transaction, checkout)


def _line_of_end(frame: FrameType | None) -> CallSite:
    """Return the line that ended a transaction, also where SQLAlchemy ends a block in a task of its own."""
    site = call_site(frame)
    return site if site.frames else left_at.get() or site


def _ended_by(frame: FrameType | None, checkout: OpenCheckout) -> Literal["application", "close"]:
    """Tell a commit or rollback that was asked for from one that closing the connection brought.

    What a passing exception closes is rolled back on purpose.
    """
    if sys.exc_info()[0] is not None or _is_left_by_an_exception(checkout):
        return "application"
    while frame is not None and kind_of(frame.f_code.co_filename) is LIBRARY:
        if frame.f_code.co_name in _CLOSING:
            return "close"
        frame = frame.f_back
    return "application"


def _is_left_by_an_exception(checkout: OpenCheckout) -> bool:
    """Whether the task waits in an `__aexit__` that was given an exception: AsyncSession closes in another task."""
    task = checkout.owner() if checkout.owner is not None else None
    if task is None or task is current_task():
        return False
    leaving = (frame for frame in suspended(task.get_coro()) if frame.f_code.co_name == "__aexit__")
    return any(frame.f_locals.get("value") is not None for frame in leaving)


def _is_autocommit(dialect: Any, connection: Any) -> bool:
    try:
        return bool(dialect.detect_autocommit_setting(connection.dbapi_connection))
    except NotImplementedError:
        return False
