"""Executions become rows: what the driver was given, how long it took, and from where.

The dialects' own `do_execute` methods are wrapped, once and on the class. That costs a third of a pair of cursor
listeners, whose joined dispatch SQLAlchemy builds for every statement, and sees errors and cancellations in one
place. Where the application itself listens to `do_execute`, SQLAlchemy may never call the method: then cursor events
take over (`cursor_events`).

This is the hot path. Each line here is paid by every statement of the application: append one row, read nothing twice.
"""

from __future__ import annotations

import sys
from asyncio import current_task
from collections.abc import Callable
from functools import wraps
from threading import get_ident
from time import perf_counter
from types import FrameType
from typing import Any

from sqlalchemy.engine.interfaces import ExecuteStyle

from query_guard.capture.call_site import call_site
from query_guard.capture.connections import OPEN
from query_guard.capture.engines import seen_by
from query_guard.capture.flushes import current_flush
from query_guard.capture.loaders import loader_of
from query_guard.capture.recorder import Window, count, current, deliver, stage_of, watchers, who_wants
from query_guard.capture.rows import Batches, Row
from query_guard.capture.trouble import report_trouble
from query_guard.capture.values import NO_VALUES, shown_values, value_hashes

STARTED = "_query_guard_started"
"""Left on a context by cursor events, which then record it themselves."""

_BATCHES = "_query_guard_batches"
_OVERRIDDEN = "_query_guard_overridden"
_SINGLE, _IN_BATCHES = ExecuteStyle.EXECUTE, ExecuteStyle.INSERTMANYVALUES
_UNSENT = "MissingGreenlet"
"""Some drivers raise it in the driver call, but nothing was sent."""
_make_row = tuple.__new__  # Row(...) would cost three times as much


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
        attributes = context.__dict__
        if overridden:
            attributes[_OVERRIDDEN] = True
        started = perf_counter()
        try:
            execute(dialect, cursor, statement, parameters, context)
        except BaseException as error:
            if STARTED not in attributes and (overridden or _OVERRIDDEN not in attributes):
                record(window, dialect, cursor, statement, parameters, context, started, type(error).__name__)
            raise
        if STARTED not in attributes and (overridden or _OVERRIDDEN not in attributes):
            record(window, dialect, cursor, statement, parameters, context, started, None)

    return timed_execute


def around_no_params(execute: Callable[..., None]) -> Callable[..., None]:
    """Wrap a dialect's `do_execute_no_params`."""
    timed = around(lambda dialect, cursor, statement, _, context: execute(dialect, cursor, statement, context))

    @wraps(execute)
    def timed_execute(dialect: Any, cursor: Any, statement: str, context: Any = None) -> None:
        timed(dialect, cursor, statement, (), context)

    return timed_execute


def record(
    window: Window | None, dialect: Any, cursor: Any, statement: str, parameters: Any, context: Any, started: float,
    error: str | None,
) -> None:  # fmt: skip
    """Append the row of one driver call that has just ended; never raises."""
    try:
        duration = perf_counter() - started
        batches = None
        style = context.execute_style
        if style is _IN_BATCHES and not _is_scalar_default():
            batches = context.__dict__.get(_BATCHES)
            if batches is not None:
                batches.append(duration)
                batches.error = error
                return
            batches = context.__dict__[_BATCHES] = Batches()
        connection = context.root_connection
        compiled = context.compiled
        options = context.execution_options
        if compiled is None or "schema_translate_map" in options:
            sql = statement
        elif statement is getattr(context, "statement", None) or not _is_scalar_default():
            sql = compiled.string
        else:
            sql = statement
        engine, targets = seen_by(dialect)
        wanting = who_wants(window, engine)
        target = targets.get(sql) or targets.first_seen(sql, context, wanted=wanting is not None)
        if target.is_control or error == _UNSENT or (not connection.in_transaction() and _is_start_up(connection)):
            return
        if wanting is None:
            count(window, engine, duration)
            return
        info = connection.connection.record_info
        stay = info.get(OPEN) if info else None
        checkout = transaction = None
        if stay:
            checkout = stay[-1]
            checkout.busy += duration
            transaction = checkout.transaction
            if transaction is not None:
                transaction.statements += 1
        loader, owner = loader_of(context, options) if options else (None, None)
        many = style is not _SINGLE
        rows = cursor.rowcount if error is None else -1
        row = _make_row(
            Row,
            (
                sql,
                target,
                started,
                duration,
                checkout,
                transaction,
                batches,
                stage_of(window),
                hash(statement),
                call_site(target.way_out.take(2)),
                loader,
                owner,
                current_flush(),
                engine,
                _task(dialect),
                NO_VALUES if many else value_hashes(parameters),
                len(parameters),
                many,
                "stream_results" in options or "yield_per" in options,
                rows if rows.__class__ is int and rows >= 0 else None,
                error,
                shown_values(parameters) if wanting.parameters else (),
                window.request if window is not None else 0,
            ),
        )
        if window is not None and window.outer is None and window.recorder is wanting and not watchers:
            wanting.add(row)
        else:
            deliver(window, engine, row)
    except Exception:
        report_trouble("a statement could not be recorded")


def _is_start_up(connection: Any) -> bool:
    """Whether the dialect is getting to know a new connection; a `begin` listener, too, is outside a transaction."""
    return type(connection.connection).__name__ == "_AdhocProxiedConnection"


def _task(dialect: Any) -> int:
    """Number the task or thread that runs now; SQLAlchemy 2.0 lets an async driver run outside any event loop."""
    try:
        return id(current_task()) if dialect.is_async else get_ident()
    except RuntimeError:
        return get_ident()


def _is_scalar_default() -> bool:
    """Whether a default or sequence is being fetched with the context of the INSERT that needs it."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(4):
        if frame is None:
            break
        if frame.f_code.co_name == "_cursor_execute":
            return True
        frame = frame.f_back
    return False
