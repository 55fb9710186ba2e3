"""Executions become rows: what the driver was given, how long it took, and from where.

The dialects' own `do_execute` methods are wrapped, once and on the class. That costs a third of a pair of cursor
listeners, whose joined dispatch SQLAlchemy builds for every statement, and sees errors and cancellations in one
place. Where the application itself listens to `do_execute`, SQLAlchemy may never call the method: then cursor events
take over (`cursor_events`).
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from types import FrameType
from typing import Any

from sqlalchemy.engine.interfaces import ExecuteStyle

from query_guard.capture.call_site import call_site
from query_guard.capture.connections import open_checkout
from query_guard.capture.engines import engine_of, target_of
from query_guard.capture.flushes import current_flush
from query_guard.capture.loaders import loader_of
from query_guard.capture.recorder import Row, Window, current, deliver, stage_of, watchers
from query_guard.capture.trouble import report_trouble
from query_guard.capture.values import NO_VALUES, shown_values, value_hashes

STARTED = "_query_guard_started"
"""Left on a context by cursor events, which then record it themselves."""
_BATCHES = "_query_guard_batches"
_OVERRIDDEN = "_query_guard_overridden"
_TRANSACTION_CONTROL = (
    "SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO ", "SAVE TRANSACTION ", "ROLLBACK TRANSACTION ",
    "PREPARE TRANSACTION ", "COMMIT PREPARED ", "ROLLBACK PREPARED ",
)  # fmt: skip


def around(execute: Callable[..., None], *, overridden: bool = False) -> Callable[..., None]:
    """Wrap a dialect's `do_execute` or `do_executemany`.

    `overridden` is for a dialect's own version, which may call the default one: the outer call is the one that
    counts.
    """

    @wraps(execute)
    def timed_execute(dialect: Any, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        window = current.get()
        if (window is None and not watchers) or context is None:
            execute(dialect, cursor, statement, parameters, context)
            return
        if overridden:
            context.__dict__[_OVERRIDDEN] = True
        started = perf_counter()
        try:
            execute(dialect, cursor, statement, parameters, context)
        except BaseException as error:
            _finished(window, context, statement, parameters, started, type(error).__name__, overridden)
            raise
        _finished(window, context, statement, parameters, started, None, overridden)

    return timed_execute


def around_no_params(execute: Callable[..., None]) -> Callable[..., None]:
    """Wrap a dialect's `do_execute_no_params`."""
    timed = around(
        lambda dialect, cursor, statement, _parameters, context: execute(dialect, cursor, statement, context)
    )

    @wraps(execute)
    def timed_execute(dialect: Any, cursor: Any, statement: str, context: Any = None) -> None:
        timed(dialect, cursor, statement, (), context)

    return timed_execute


def _finished(
    window: Window | None,
    context: Any,
    statement: str,
    parameters: Any,
    started: float,
    error: str | None,
    overridden: bool,
) -> None:
    attributes = context.__dict__
    if STARTED in attributes or attributes.get(_OVERRIDDEN, False) is not overridden:
        return
    record(window, context, statement, parameters, started, error)


def record(
    window: Window | None, context: Any, statement: str, parameters: Any, started: float, error: str | None
) -> None:
    """Append the row of one driver call that has just ended; never raises."""
    try:
        duration = perf_counter() - started
        connection = context.root_connection
        if statement.startswith(_TRANSACTION_CONTROL) or not connection.in_transaction():
            return  # the dialect's start-up is the only thing SQLAlchemy executes outside a transaction
        checkout = open_checkout(connection.connection)
        if checkout is not None:
            checkout.busy += duration
        batches = None
        if context.execute_style is ExecuteStyle.INSERTMANYVALUES and not _is_scalar_default():
            batches = context.__dict__.get(_BATCHES)
            if batches is not None:
                batches.append(duration)
                return
            batches = context.__dict__[_BATCHES] = []
        row = _row(window, context, statement, parameters, started, duration, error, checkout, batches)
        deliver(window, row)
    except Exception:
        report_trouble("a statement could not be recorded")


def _row(
    window: Window | None, context: Any, statement: str, parameters: Any, started: float, duration: float,
    error: str | None, checkout: Any, batches: list[float] | None,
) -> Row:  # fmt: skip
    dialect = context.dialect
    options = context.execution_options
    compiled = context.compiled
    if (
        compiled is None
        or "schema_translate_map" in options
        or (statement is not getattr(context, "statement", None) and _is_scalar_default())
    ):
        sql = statement
    else:
        sql = compiled.string
    many = context.executemany
    loader, owner = loader_of(context) if options else (None, None)
    transaction = checkout.transaction if checkout is not None else None
    rows = context.cursor.rowcount if error is None else -1
    if transaction is not None:
        transaction.statements += 1
    values = NO_VALUES if many else value_hashes(parameters)
    row = (
        sql,
        hash(statement),
        started,
        duration,
        call_site(sys._getframe(3)),
        loader,
        owner,
        target_of(dialect, sql, context),
        current_flush() if context.isinsert or context.isupdate or context.isdelete else 0,
        engine_of(dialect),
        checkout,
        transaction,
        id(asyncio.current_task()) if dialect.is_async else threading.get_ident(),
        values,
        len(parameters),
        many,
        bool(options and (options.get("stream_results") or options.get("yield_per"))),
        rows if isinstance(rows, int) and rows >= 0 else None,
        error,
        stage_of(window),
        window.request if window is not None else 0,
        shown_values(parameters) if window is not None and window.wants_parameters else (),
        batches,
    )
    return tuple.__new__(Row, row)  # Row(*row) would cost three times as much


def _is_scalar_default() -> bool:
    """Whether a default or sequence is being fetched with the context of the INSERT that needs it."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(5):
        if frame is None:
            break
        if frame.f_code.co_name == "_cursor_execute":
            return True
        frame = frame.f_back
    return False
