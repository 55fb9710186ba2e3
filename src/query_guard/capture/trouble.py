"""The guard's own failures: said once each, on the standard library's logger, and never raised into the application."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from query_guard.own_errors import count_own_error

_said: set[str] = set()
_PACKAGE = str(Path(__file__).parents[1])


def report_trouble(what: str, *, own: bool = True) -> None:
    """Log the exception being handled, the first time `what` happens; call it from an `except` block."""
    if own:  # a reporter of the application is not the guard, and changes no number
        count_own_error(what)
    if what not in _said:
        _said.add(what)
        with suppress(Exception):  # a handler of the application may fail, too
            logging.getLogger("query_guard").warning(
                "query_guard: %s: %s (said once; the application is not affected)", what, _described(sys.exception())
            )


def _described(failure: BaseException | None) -> str:
    """Return class and place of an exception; its message may hold values, and what it followed is not the guard's."""
    if failure is None:
        return "no exception"
    kind = type(failure)
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(failure.__traceback__)]
    own = [(code, line) for code, line in frames[:-1] if code.co_filename.startswith(_PACKAGE)] + frames[-1:]
    places = [f"{_shown(code.co_filename)}:{line} in {code.co_name}" for code, line in own]
    return f"{kind.__module__}.{kind.__qualname__} at {', '.join(places)}"


def _shown(file: str) -> str:
    """Write a file of the guard's own from its package on."""
    return "query_guard" + file.removeprefix(_PACKAGE).replace("\\", "/") if file.startswith(_PACKAGE) else file
