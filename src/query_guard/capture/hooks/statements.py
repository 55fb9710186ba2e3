"""Executions become rows: what the driver was given, how long it took, and from where.

This is the hot path. Each line here is paid by every statement of the application: append one row, read nothing twice.
"""

from __future__ import annotations

import sys
from asyncio import current_task
from asyncio.events import _get_running_loop
from threading import get_ident
from time import perf_counter
from types import FrameType
from typing import Any

from sqlalchemy.engine.interfaces import ExecuteStyle
from sqlalchemy.pool.base import _ConnectionFairy

from query_guard.capture.hooks.fetches import count_fetched
from query_guard.capture.hooks.flushes import current_flush
from query_guard.capture.hooks.unread import keep_unread
from query_guard.capture.origin.engines import engine_and_texts, engine_of
from query_guard.capture.origin.loaders import loader_of
from query_guard.capture.origin.statement_info import ON_COMPILED, UnreadInfo
from query_guard.capture.origin.values import NO_VALUES, shown_values, value_hashes
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.recorder import BEFORE_RESPONSE, ROW_BYTES
from query_guard.capture.window.rows import Batches, Row, Shared
from query_guard.capture.window.window import (
    Window,
    count,
    count_further,
    deliver,
    detail_recorder,
    recorders,
    watchers,
)
from query_guard.own_errors import report_own_error
from query_guard.records import Engine

_BATCHES = "_query_guard_batches"
_SINGLE, _IN_BATCHES = ExecuteStyle.EXECUTE, ExecuteStyle.INSERTMANYVALUES
_UNSENT = "MissingGreenlet"
"""Some drivers raise it in the driver call, but nothing was sent."""


def record(  # noqa: PLR0912, PLR0915
    window: Window | None, dialect: Any, cursor: Any, statement: str, parameters: Any, context: Any, started: float,
    error: str | None, checkout: OpenCheckout | None,
) -> None:  # fmt: skip
    """Append the row of one driver call that has just ended; never raises.

    One long function on purpose: to hand its ten facts to another would cost each statement a fortieth of its price.
    """
    try:
        ended = perf_counter()
        duration = ended - started
        transaction = None
        if checkout is not None:
            checkout.running = False
            checkout.last = ended
            checkout.busy += duration
            transaction = checkout.transaction
        batches = None
        style = context.execute_style
        if style is _IN_BATCHES:
            batches = _begun(window, dialect, context, duration, error)
            if batches is None:
                return
        info: UnreadInfo | None = getattr(context.compiled, ON_COMPILED, None)
        if info is None or statement is not context.statement:
            info = _info_of(dialect, statement, context)
        is_of_pool = checkout is not None or type(context.root_connection._dbapi_connection) is _ConnectionFairy
        if (not is_of_pool or error is not None or info.is_control) and _is_no_statement(
            context, info, error, is_of_pool, checkout
        ):
            return
        may_write = info.may_write
        if transaction is not None:
            transaction.statements += 1
            if may_write:
                transaction.writes(info)

        engine = info.engine
        sole = window.recorder if window is not None and window.outer is None and not watchers else None
        if sole is not None and sole.engines is not None:
            sole = None
        if sole is not None and sole.room <= 0:
            sole.count(duration, batches)
            return
        recorder = sole if sole is not None else detail_recorder(window, engine)
        if recorder is None:
            count(window, engine, duration, batches)
            return

        options = context.execution_options
        loader = owner = load = None
        streamed = False
        if options:
            loader, owner, load = loader_of(context, options)
            streamed = "stream_results" in options or "yield_per" in options
        rows = cursor.rowcount if error is None and batches is None else None
        if may_write and rows == 0 and _is_told_later(engine, cursor):
            rows = None
        thread = get_ident()
        loop = window.loop if window is not None and window.thread == thread else _get_running_loop()
        stages = window.stages if window is not None else None
        is_async = engine.is_async
        shared: Shared = (
            info,
            checkout,
            transaction,
            batches,
            stages.stage if stages is not None else BEFORE_RESPONSE,
            info.text if statement is info.sql else hash(statement),
            info.site_cache.site(2),
            loader,
            current_flush() if may_write else 0,
            engine,
            id(current_task(loop)) if is_async and loop is not None else thread,
            loop is not None and not is_async,
            len(parameters) if batches is None else len(context.compiled_parameters),
            style is not _SINGLE,
            streamed,
            error,
            shown_values(parameters) if recorder.parameters else (),
            window.request if window is not None else 0,
        )
        known = recorder.shared.get(info)
        if known == shared:
            shared = known
        else:
            info.note(context)
            recorder.share(shared)
        counted = rows if type(rows) is int and rows >= 0 else None
        row: Row = (
            shared,
            started,
            duration,
            owner,
            value_hashes(parameters) if style is _SINGLE else NO_VALUES,
            counted,
            load,
        )
        if sole is not None:
            sole.rows.append(row)
            sole.room -= ROW_BYTES
            sole.thread = thread
        else:
            deliver(window, engine, row)
        if counted is None and (known is not shared or info.is_bounded or (loader is not None and loader.collection)):
            count_fetched(context, recorders(window), row)
    except Exception:
        report_own_error("a statement could not be recorded in full")
        keep_unread(locals())


def _is_no_statement(
    context: Any, info: UnreadInfo, error: str | None, is_of_pool: bool, checkout: OpenCheckout | None
) -> bool:
    """Whether a driver call was no statement of the application's: control, never sent, or the dialect's start-up."""
    if info.is_control:
        if checkout is not None:
            checkout.control(info.sql)
        return True
    return error == _UNSENT or (not is_of_pool and _is_start_up(context))


def _begun(window: Window | None, dialect: Any, context: Any, duration: float, error: str | None) -> Batches | None:
    """Return the batches that an execution begins with this driver call; None when it was a further one."""
    if _is_scalar_default(3):
        return Batches()
    batches: Batches | None = context.__dict__.get(_BATCHES)
    if batches is None:
        batches = context.__dict__[_BATCHES] = Batches()
        return batches
    batches.add(duration, error)
    count_further(window, engine_of(dialect), duration, batches)
    return None


def _is_told_later(engine: Engine, cursor: Any) -> bool:
    """Whether a driver that says 0 will tell how many rows a write returned once they are fetched: sqlite3 will."""
    return engine.dialect == "sqlite" and cursor.description is not None


def _info_of(dialect: Any, statement: str, context: Any) -> UnreadInfo:
    """Return what is known of a text: it hangs on the compiled statement, which SQLAlchemy keeps for its like."""
    engine, texts = engine_and_texts(dialect)
    compiled = context.compiled
    if (
        compiled is None
        or "schema_translate_map" in context.execution_options
        or (statement is not getattr(context, "statement", None) and _is_scalar_default(3))
    ):
        return texts.get(statement) or texts.add(statement, engine)
    info: UnreadInfo | None = getattr(compiled, ON_COMPILED, None)
    if info is None:
        info = compiled.__dict__[ON_COMPILED] = UnreadInfo(compiled.string, engine)
    return info


def _is_start_up(context: Any) -> bool:
    """Whether the dialect is getting to know a new connection; a `begin` listener, too, is outside a transaction."""
    connection = context.root_connection
    return not connection.in_transaction() and type(connection.connection).__name__ == "_AdhocProxiedConnection"


def _is_scalar_default(depth: int) -> bool:
    """Whether a default or sequence is being fetched with the context of the INSERT that needs it."""
    frame: FrameType | None = sys._getframe(depth)
    for _ in range(4):
        if frame is None:
            break
        if frame.f_code.co_name == "_cursor_execute":
            return True
        frame = frame.f_back
    return False
