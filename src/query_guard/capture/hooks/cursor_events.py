"""The other way to see executions: SQLAlchemy's cursor events, for where the dialect's methods may not be reached.

They stay once they are there: a tool may put its patch back at any time, and an execution is counted once, whoever
sees it first.
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
"""Those whose listeners SQLAlchemy asks: `handle_error` is one of the dialect's."""


def watch_dialect(dialect: Any) -> None:
    """Turn to cursor events where the application listens to `do_execute`, and may run the driver itself."""
    dispatch = dialect.dispatch
    if dispatch.do_execute or dispatch.do_executemany or dispatch.do_execute_no_params:
        use_cursor_events()


def register() -> None:
    """Add the listeners, asleep; called once, before the application serves.

    To add them later raises in threads that execute at that moment ("deque mutated during iteration"). SQLAlchemy looks
    at listeners only where `_has_events` says that there are some. As that stays as it was, statements do not pay for
    these; only those of engines with listeners of their own pay two short calls.
    """
    if event.contains(Engine, "handle_error", _on_error):
        return
    had_events = [kind._has_events for kind in _KINDS]
    event.listen(Engine, "before_cursor_execute", _before)
    event.listen(Engine, "after_cursor_execute", _after)
    event.listen(Engine, "handle_error", _on_error)
    for kind, had in zip(_KINDS, had_events, strict=True):
        kind._has_events = had


def use_cursor_events() -> None:
    """Record through `before_cursor_execute`, `after_cursor_execute` and `handle_error` instead."""
    register()
    if _before not in markers:
        markers.append(_before)
        for kind in _KINDS:
            kind._has_events = True


def forget_cursor_events() -> None:
    """Undo `use_cursor_events`; listeners that the application has on all engines by now sleep, too."""
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
    """Return when the execution began that has just ended, and free its context for the next one."""
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
        dialect, given = context.dialect, failure.parameters or ()
        cursor, checkout = context.cursor, checkout_of(context)
        record(current.get(), dialect, cursor, failure.statement, given, context, started, error, checkout)


_FAILURE = "a statement could not be recorded"
_before, _after, _on_error = (contained(note, _FAILURE) for note in (_note_before, _note_after, _note_error))
