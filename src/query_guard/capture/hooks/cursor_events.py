"""Record executions through SQLAlchemy's cursor events, where the dialect's wrapped methods may not be called.

Once in use, the events stay in use: another tool may patch the methods again at any time. An execution that both the
events and a wrapped method see is recorded once.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine

from query_guard.capture.hooks.executions import checkout_of, markers
from query_guard.capture.hooks.statements import record
from query_guard.capture.origin.error_names import error_name
from query_guard.capture.window.window import current, watchers
from query_guard.own_errors import contained

_KINDS: tuple[Any, ...] = (Engine, Dialect)
"""The classes whose `_has_events` SQLAlchemy checks; for `handle_error` it is that of the dialect."""


def watch_dialect(dialect: Any) -> None:
    """Use cursor events if the application listens to `do_execute`: its listener may call the driver itself."""
    dispatch = dialect.dispatch
    if dispatch.do_execute or dispatch.do_executemany or dispatch.do_execute_no_params:
        use_cursor_events()


def register() -> None:
    """Add the listeners without enabling them; called once, before the application serves.

    Adding them later would raise in threads that execute at that moment ("deque mutated during iteration"). SQLAlchemy
    calls listeners only where `_has_events` is true. It is set back here, so that statements do not pay for these
    listeners; only those of engines with other listeners pay two short calls.
    """
    if event.contains(Engine, "handle_error", _on_error):
        return
    had_events = [kind._has_events for kind in _KINDS]
    event.listen(Engine, "before_cursor_execute", _before)
    event.listen(Engine, "after_cursor_execute", _after)
    event.listen(Engine, "handle_error", _on_error)
    for kind, has_events in zip(_KINDS, had_events, strict=True):
        kind._has_events = has_events


def use_cursor_events() -> None:
    """Record through `before_cursor_execute`, `after_cursor_execute` and `handle_error` instead."""
    register()
    if _before not in markers:
        markers.append(_before)
        for kind in _KINDS:
            kind._has_events = True


def forget_cursor_events() -> None:
    """Undo `use_cursor_events`. Listeners that the application has on all engines are disabled, too."""
    if _before in markers:
        markers.remove(_before)
        for kind in _KINDS:
            kind._has_events = False


def _note_before(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    if context is not None and (watchers or current.get() is not None) and _before in markers:
        checkout = checkout_of(context)
        if checkout is not None:
            checkout.running = True
        context.query_guard_taken = True
        context._query_guard_started = perf_counter()


def _started(context: Any) -> float | None:
    """Return when the execution that has just ended began, and reset its context for the next one."""
    if context is None or not context.query_guard_taken:
        return None
    context.query_guard_taken = False
    started: float = context._query_guard_started
    return started


def _note_after(_connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, _many: bool) -> None:
    started = _started(context)
    if started is not None:
        record(
            current.get(), context.dialect, cursor, statement, parameters, context, started, None, checkout_of(context)
        )


def _note_error(failure: Any) -> None:
    context = failure.execution_context
    started = _started(context)
    if started is not None and failure.statement is not None:
        error = error_name(failure.original_exception)
        dialect, parameters = context.dialect, failure.parameters or ()
        cursor, checkout = context.cursor, checkout_of(context)
        record(current.get(), dialect, cursor, failure.statement, parameters, context, started, error, checkout)


_FAILURE = "a statement could not be recorded"
_before, _after, _on_error = (contained(note, _FAILURE) for note in (_note_before, _note_after, _note_error))
