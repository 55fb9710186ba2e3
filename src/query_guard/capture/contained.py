"""What stands around a call of the application's, so that a failure of ours never reaches it.

Where each statement or transaction pays for a call, the same shape is written out: the application's step once, and a
note of it within `try`. An exception of ours is logged; what comes from outside (KeyboardInterrupt, cancellation)
passes, once the application's step is done.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from query_guard.capture.trouble import report_trouble


def contained(listener: Callable[..., None], what: str) -> Callable[..., None]:
    """Wrap what SQLAlchemy or an event loop calls; `what` says in the log what has failed."""

    @wraps(listener)
    def listen(*args: Any) -> None:
        try:
            listener(*args)
        except Exception:
            report_trouble(what)

    return listen


def followed(step: Callable[..., Any], note: Callable[..., None], what: str) -> Callable[..., Any]:
    """Wrap a method of SQLAlchemy: once it has returned, `note` gets the seconds it took, and its arguments."""

    @wraps(step)
    def followed_step(*args: Any, **options: Any) -> Any:
        started = perf_counter()
        result = step(*args, **options)
        try:
            note(perf_counter() - started, *args, **options)
        except Exception:
            report_trouble(what)
        return result

    return followed_step
