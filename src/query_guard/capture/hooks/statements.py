"""Append a row for each execution: the statement, how long it took, and its call site.

This is the hot path. Every statement of the application pays for each line here: append one row, read nothing twice.
"""

from __future__ import annotations

from asyncio import current_task
from asyncio.events import _get_running_loop
from threading import get_ident
from time import perf_counter
from typing import Any

from sqlalchemy.engine.interfaces import ExecuteStyle
from sqlalchemy.pool.base import _ConnectionFairy

from query_guard.capture.hooks.driver_calls import batches_begun, is_no_statement, is_scalar_default
from query_guard.capture.hooks.fetches import count_fetched
from query_guard.capture.hooks.flushes import current_flush
from query_guard.capture.hooks.unread import keep_unread
from query_guard.capture.origin.engines import engine_and_texts
from query_guard.capture.origin.loaders import loader_of
from query_guard.capture.origin.statement_info import ON_COMPILED, UnreadInfo
from query_guard.capture.origin.values import NO_VALUES, shown_values, value_hashes
from query_guard.capture.window.delivery import count, deliver, detail_recorder
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.rows import Row, Shared
from query_guard.capture.window.sizes import ROW_BYTES
from query_guard.capture.window.stages import BEFORE_RESPONSE
from query_guard.capture.window.window import Window, recorders, watchers
from query_guard.own_errors import report_own_error
from query_guard.records import Engine

_SINGLE, _IN_BATCHES = ExecuteStyle.EXECUTE, ExecuteStyle.INSERTMANYVALUES


def record(  # noqa: PLR0912, PLR0915
    window: Window | None, dialect: Any, cursor: Any, statement: str, parameters: Any, context: Any, started: float,
    error: str | None, checkout: OpenCheckout | None,
) -> None:  # fmt: skip
    """Append the row of one driver call that has just ended; never raises.

    One long function on purpose: a call that passes its ten values on would make recording a statement 2.5 % slower
    (`make bench-check` counts it).
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
            batches = batches_begun(window, dialect, context, duration, error)
            if batches is None:
                return
        info: UnreadInfo | None = getattr(context.compiled, ON_COMPILED, None)
        try:
            is_other = statement is not context.statement
        except AttributeError:  # it has no statement yet while a default is fetched for it
            is_other = True
        if info is None or is_other:
            info = _info_of(dialect, statement, context)
        is_of_pool = checkout is not None or type(context.root_connection._dbapi_connection) is _ConnectionFairy
        if (not is_of_pool or error is not None or info.is_control) and is_no_statement(
            context, info, error, is_of_pool, checkout
        ):
            return
        may_write = info.may_write
        if transaction is not None:
            transaction.statements += 1
            if may_write:
                transaction.writes(info)

        engine = info.engine
        sole = None
        if window is not None and window.outer is None and not watchers:
            if window.is_counted_only:
                window.count(engine, duration, batches)
                return
            sole = window.recorder
            if sole is not None and sole.engines is not None:
                sole = None
            elif sole is not None and sole.room <= 0:
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
        if may_write and rows == 0 and _is_counted_later(engine, cursor):
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
        earlier = recorder.shared.get(info)
        if earlier == shared:
            shared = earlier
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
        if counted is None and (earlier is not shared or info.is_bounded or (loader is not None and loader.collection)):
            count_fetched(context, recorders(window), row)
    except Exception:
        report_own_error("a statement could not be recorded in full")
        keep_unread(locals())


def _is_counted_later(engine: Engine, cursor: Any) -> bool:
    """Whether the driver says 0 now, and the number of rows that a write returned only when they are fetched."""
    return engine.dialect == "sqlite" and cursor.description is not None


def _info_of(dialect: Any, statement: str, context: Any) -> UnreadInfo:
    """Return the info of a text. It is an attribute of the compiled statement, which SQLAlchemy keeps in its cache."""
    engine, texts = engine_and_texts(dialect)
    compiled = context.compiled
    if (
        compiled is None
        or "schema_translate_map" in context.execution_options
        or (statement is not getattr(context, "statement", None) and is_scalar_default(3))
    ):
        return texts.get(statement) or texts.add(statement, engine)
    info: UnreadInfo | None = getattr(compiled, ON_COMPILED, None)
    if info is None:
        info = compiled.__dict__[ON_COMPILED] = UnreadInfo(compiled.string, engine)
    return info
