"""The other way to see executions: SQLAlchemy's cursor events, for where the dialect's methods may not be reached."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from query_guard.capture.recorder import current, watchers
from query_guard.capture.statements import STARTED, record


def watch_dialect(dialect: Any) -> None:
    """Turn to cursor events where the application listens to `do_execute`, and may run the driver itself."""
    dispatch = dialect.dispatch
    if dispatch.do_execute or dispatch.do_executemany or dispatch.do_execute_no_params:
        use_cursor_events()


def use_cursor_events() -> None:
    """Record through `before_cursor_execute`, `after_cursor_execute` and `handle_error` instead."""
    if not event.contains(Engine, "before_cursor_execute", _before):
        event.listen(Engine, "before_cursor_execute", _before)
        event.listen(Engine, "after_cursor_execute", _after)
        event.listen(Engine, "handle_error", _on_error)


def forget_cursor_events() -> None:
    """Undo `use_cursor_events`."""
    if event.contains(Engine, "before_cursor_execute", _before):
        event.remove(Engine, "before_cursor_execute", _before)
        event.remove(Engine, "after_cursor_execute", _after)
        event.remove(Engine, "handle_error", _on_error)


def _before(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    if context is not None and (watchers or current.get() is not None):
        context.__dict__[STARTED] = perf_counter()


def _after(_connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, _many: bool) -> None:
    started = context.__dict__.pop(STARTED, None) if context is not None else None
    if started is not None:
        record(current.get(), context.dialect, cursor, statement, parameters, context, started, None)


def _on_error(failure: Any) -> None:
    context = failure.execution_context
    started = context.__dict__.pop(STARTED, None) if context is not None else None
    if started is not None and failure.statement is not None:
        error = type(failure.original_exception).__name__
        dialect, given = context.dialect, failure.parameters or ()
        record(current.get(), dialect, context.cursor, failure.statement, given, context, started, error)
