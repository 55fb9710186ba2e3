"""The driver calls of SQLAlchemy, wrapped: each execution is timed, and passed to `record`.

The dialects' own `do_execute` methods are wrapped, once and on the class. That costs a third of a pair of cursor
listeners, since SQLAlchemy builds their joined dispatch for every statement. It also sees errors and cancellations in
one place. Where the application itself listens to `do_execute`, SQLAlchemy may never call the method: then cursor
events are used (`cursor_events`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from sqlalchemy.engine.interfaces import ExecutionContext

from query_guard.capture.hooks.checkouts import CHECKOUT_KEY
from query_guard.capture.hooks.statements import record
from query_guard.capture.origin.error_names import error_name
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.window import current, watchers
from query_guard.own_errors import report_own_error

_Context: Any = ExecutionContext
_Context.query_guard_taken = False
"""Set on a context whose execution is being recorded already: by cursor events, or by a dialect's own `do_execute`.

The default is on the class, since reading the `__dict__` of a context would create one.
"""

markers: list[object] = []
"""The functions that may set it. While this is empty, no context is checked."""


def around(execute: Callable[..., None], *, overridden: bool = False) -> Callable[..., None]:
    """Wrap a dialect's `do_execute` or `do_executemany`.

    `overridden` is for a dialect's own version, which may call the default one: the outer call is the one that
    counts.
    """
    if overridden:
        markers.append(execute)

    @wraps(execute)
    def timed_execute(dialect: Any, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        window = current.get()
        if (window is None and not watchers) or context is None or (markers and context.query_guard_taken):
            execute(dialect, cursor, statement, parameters, context)
            return
        if overridden:
            context.query_guard_taken = True
        checkout: OpenCheckout | None = None
        try:  # `checkout_of`, inlined to save a call; `getattr` would be passed on to the driver's connection
            checkout = context.root_connection._dbapi_connection.__dict__.get(CHECKOUT_KEY)
            if checkout is not None:
                checkout.running = True
        except Exception:  # noqa: S110 - its checkout stays unknown
            pass
        error: str | None = None
        started = perf_counter()
        try:
            execute(dialect, cursor, statement, parameters, context)
        except BaseException as failure:
            error = error_name(failure)
            raise
        finally:
            if overridden:
                context.query_guard_taken = False
            try:
                record(window, dialect, cursor, statement, parameters, context, started, error, checkout)
            except Exception:
                report_own_error("a statement could not be recorded")

    return timed_execute


def around_no_params(execute: Callable[..., None]) -> Callable[..., None]:
    """Wrap a dialect's `do_execute_no_params`."""
    timed = around(lambda dialect, cursor, statement, _, context: execute(dialect, cursor, statement, context))

    @wraps(execute)
    def timed_execute(dialect: Any, cursor: Any, statement: str, context: Any = None) -> None:
        timed(dialect, cursor, statement, (), context)

    return timed_execute


def checkout_of(context: Any) -> OpenCheckout | None:
    """Return the checkout that an execution runs on; never raises."""
    try:
        checkout: OpenCheckout | None = context.root_connection._dbapi_connection.__dict__.get(CHECKOUT_KEY)
    except AttributeError:
        return None
    return checkout
