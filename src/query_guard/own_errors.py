"""The guard's own failures: contained, counted, and each said once, on the standard library's logger.

None is raised into the application. Where the guard has failed, its numbers may be wrong, and assertions say so.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from time import perf_counter
from typing import Any

HEAD = "query_guard itself failed, so that its numbers and findings may be wrong"
WHERE = "what each was is in the log, said once, on the logger 'query_guard'"
_MAX_KINDS = 500
_PACKAGE = str(Path(__file__).parent)
_times: dict[str, int] = {}
_said: set[str] = set()


def report_own_error(what: str, *, own: bool = True) -> None:
    """Count the exception being handled, and log it the first time `what` happens; call it in an `except` block.

    `own` is False for what belongs to the application, such as a reporter of its own: no number is wrong for it.
    """
    if own:
        _count(what)
    if what not in _said:
        _said.add(what)
        with suppress(Exception):  # a handler of the application may fail, too
            logging.getLogger("query_guard").warning(
                "query_guard: %s: %s (said once; the application is not affected)", what, _described(sys.exception())
            )


def contained(listener: Callable[..., None], what: str) -> Callable[..., None]:
    """Wrap what SQLAlchemy or an event loop calls; `what` says in the log what has failed."""

    @wraps(listener)
    def listen(*args: Any) -> None:
        try:
            listener(*args)
        except Exception:
            report_own_error(what)

    return listen


def followed(step: Callable[..., Any], note: Callable[..., None], what: str) -> Callable[..., Any]:
    """Wrap a method of SQLAlchemy: once it has returned, `note` gets its result, the seconds it took, and
    its arguments.

    Where each statement or transaction would pay for this call, the same shape is written out instead: the
    application's step exactly once, and the note of it within `try`.
    """

    @wraps(step)
    def followed_step(*args: Any, **options: Any) -> Any:
        started = perf_counter()
        result = step(*args, **options)
        try:
            note(result, perf_counter() - started, *args, **options)
        except Exception:
            report_own_error(what)
        return result

    return followed_step


def own_errors(since: Mapping[str, int] = {}) -> dict[str, int]:
    """Return what has failed how often, or how much more often than at an earlier call."""
    return {what: times - since.get(what, 0) for what, times in tuple(_times.items()) if times > since.get(what, 0)}


def described(errors: Mapping[str, int]) -> str:
    """Write failures as one sentence."""
    return f"{HEAD}: {listed(errors)}; {WHERE}"


def listed(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{what} ({times} {'time' if times == 1 else 'times'})" for what, times in errors.items())


def _count(what: str) -> None:
    """Count a failure; threads at the same moment may count as one, but never as none."""
    what = what if what in _times or len(_times) < _MAX_KINDS else "something else failed"
    _times[what] = _times.get(what, 0) + 1


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
