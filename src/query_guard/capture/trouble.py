"""The guard's own failures: said once each, on the standard library's logger, and never raised into the application."""

from __future__ import annotations

import logging
from contextlib import suppress

from query_guard.own_errors import count_own_error

_said: set[str] = set()


def report_trouble(what: str, *, own: bool = True) -> None:
    """Log the exception being handled, the first time `what` happens; call it from an `except` block."""
    if own:  # a reporter of the application is not the guard, and changes no number
        count_own_error(what)
    if what not in _said:
        _said.add(what)
        with suppress(Exception):  # a handler of the application may fail, too
            logging.getLogger("query_guard").warning(
                "query_guard: %s (said once; the application is not affected)", what, exc_info=True
            )
