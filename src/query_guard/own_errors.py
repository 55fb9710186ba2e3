"""The guard's own failures: contained, counted, and each logged once, with the standard library's logger.

None is raised into the application. After a failure of the guard its numbers may be wrong, and assertions say so.
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
WHERE = "the logger 'query_guard' has logged each of them once"
_MAX_KINDS = 500
_PACKAGE = str(Path(__file__).parent)
_times: dict[str, int] = {}
_logged: set[str] = set()


def report_own_error(failure: str, *, own: bool = True) -> None:
    """Count the exception being handled, and log each `failure` the first time; call it in an `except` block.

    `own` is False for a part of the application, such as its own reporter: the guard's numbers are still right then.
    """
    if own:
        _count(failure)
    if failure not in _logged:
        _logged.add(failure)
        with suppress(Exception):  # a handler of the application may fail, too
            logging.getLogger("query_guard").warning(
                "query_guard: %s: %s (logged once; the application is not affected)",
                failure,
                _described(sys.exception()),
            )


def contained(listener: Callable[..., None], failure: str) -> Callable[..., None]:
    """Wrap a function that SQLAlchemy or an event loop calls; `failure` says in the log what has failed."""

    @wraps(listener)
    def listen(*args: Any) -> None:
        try:
            listener(*args)
        except Exception:
            report_own_error(failure)

    return listen


def followed(step: Callable[..., Any], note: Callable[..., None], failure: str) -> Callable[..., Any]:
    """Wrap a method of SQLAlchemy: when it has returned, `note` gets its result, its seconds and its arguments.

    For what is called with each statement or transaction, one call more is too slow. There the same is written out:
    the application's step exactly once, and the note of it within `try`.
    """

    @wraps(step)
    def followed_step(*args: Any, **options: Any) -> Any:
        started = perf_counter()
        result = step(*args, **options)
        try:
            note(result, perf_counter() - started, *args, **options)
        except Exception:
            report_own_error(failure)
        return result

    return followed_step


def own_errors(since: Mapping[str, int] = {}) -> dict[str, int]:
    """Return how often each part has failed, or how often since an earlier call."""
    return {
        failure: times - since.get(failure, 0)
        for failure, times in tuple(_times.items())
        if times > since.get(failure, 0)
    }


def described(errors: Mapping[str, int]) -> str:
    """Write failures as one sentence."""
    return f"{HEAD}: {listed(errors)}; {WHERE}"


def listed(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{failure} ({times} {'time' if times == 1 else 'times'})" for failure, times in errors.items())


def _count(failure: str) -> None:
    """Count a failure. Failures in two threads at the same moment may count as one, never as none."""
    failure = failure if failure in _times or len(_times) < _MAX_KINDS else "something else failed"
    _times[failure] = _times.get(failure, 0) + 1


def _described(failure: BaseException | None) -> str:
    """Return class and place of an exception, never its message, which may hold values."""
    if failure is None:
        return "no exception"
    kind = type(failure)
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(failure.__traceback__)]
    own_frames = [(code, line) for code, line in frames[:-1] if code.co_filename.startswith(_PACKAGE)] + frames[-1:]
    places = [f"{_shown(code.co_filename)}:{line} in {code.co_name}" for code, line in own_frames]
    return f"{kind.__module__}.{kind.__qualname__} at {', '.join(places)}"


def _shown(file: str) -> str:
    """Write a file of the guard itself as a path below its package."""
    return "query_guard" + file.removeprefix(_PACKAGE).replace("\\", "/") if file.startswith(_PACKAGE) else file
