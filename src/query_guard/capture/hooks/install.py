"""Registration: once, process-wide, idempotent, for the engines that exist and those to come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from query_guard.capture.hooks import (
    cursor_events,
    executions,
    failed_loads,
    flushes,
    pool_methods,
    provenance,
    sessionmaker_blocks,
    shared_sessions,
    transactions,
)
from query_guard.own_errors import report_own_error

_TURNS: dict[str, Callable[[Any], Any]] = {
    "do_commit": lambda method: transactions.ended(method, "committed"),
    "do_rollback": lambda method: transactions.ended(method, "rolled back"),
    "do_commit_twophase": lambda method: transactions.ended_in_two_phases(method, "committed"),
    "do_rollback_twophase": lambda method: transactions.ended_in_two_phases(method, "rolled back"),
    "do_begin_twophase": transactions.began_in_two_phases,
    "do_savepoint": lambda method: transactions.noted_savepoint(method, "save"),
    "do_release_savepoint": lambda method: transactions.noted_savepoint(method, "release"),
    "do_rollback_to_savepoint": lambda method: transactions.noted_savepoint(method, "roll_back_to"),
}
_EXECUTING = ("do_execute", "do_executemany", "do_execute_no_params")
_lock = threading.Lock()
_wrapped: set[type] = set()
_wrappers: set[object] = set()
"""The wrapped driver calls that were put on classes of dialects."""


_looked_at: tuple[Any, Any, Any, Any] = (None, None, None, None)
"""The class of dialects that was asked for last, and its driver calls, all of them wrapped."""


def _is_watched(dialect: Any) -> bool:
    """Whether the driver calls of a dialect are seen: no other tool has put its own in the place of what was wrapped.

    A tool may do so on the class or on one dialect, or take back what it had put there before; see `cursor_events`.
    Each checkout asks, and mostly of the class that was asked for last.
    """
    kind: Any = type(dialect)
    looked_at, execute, executemany, no_params = _looked_at
    if (
        kind is not looked_at
        or kind.do_execute is not execute
        or kind.do_executemany is not executemany
        or kind.do_execute_no_params is not no_params
    ) and not _is_wrapped(kind):
        return False
    own = dialect.__dict__
    return not ("do_execute" in own or "do_executemany" in own or "do_execute_no_params" in own)


def _is_wrapped(kind: Any) -> bool:
    """Whether the driver calls of a class are those that were wrapped; they are remembered."""
    global _looked_at  # noqa: PLW0603
    if kind not in _wrapped or any(getattr(kind, name, None) not in _wrappers for name in _EXECUTING):
        return False
    _looked_at = (kind, kind.do_execute, kind.do_executemany, kind.do_execute_no_params)
    return True


def install() -> None:
    """Watch every engine of the process. Calling it again only picks up dialects imported, or patched, since.

    The first call adds listeners, and belongs before threads that execute: SQLAlchemy's lists of them bear no change
    while they are read.
    """
    with _lock:
        if not _wrapped:
            _wrap_default_dialect()
            pool_methods.install(_watch_dialect, _is_watched)
            cursor_events.register()
            flushes.install()
            failed_loads.install()
            provenance.install()
            sessionmaker_blocks.install()
            shared_sessions.install()
        for dialect_class in _subclasses(DefaultDialect):
            _wrap_overrides(dialect_class)
            _look_for_patches(dialect_class)


def _watch_dialect(dialect: Any) -> None:
    """Look at the dialect of a checkout: it may have been imported, or been given listeners, since."""
    try:
        if type(dialect) not in _wrapped:
            for dialect_class in type(dialect).__mro__:
                if issubclass(dialect_class, DefaultDialect):
                    _wrap_overrides(dialect_class)
            _wrapped.add(type(dialect))
        if isinstance(dialect, DefaultDialect):
            _look_for_patches(type(dialect), dialect.__dict__)
        if getattr(dialect, "_has_events", False):
            cursor_events.watch_dialect(dialect)
    except Exception:
        report_own_error("a dialect could not be watched")


def _look_for_patches(dialect_class: Any, own: Container[str] = ()) -> None:
    """Turn to cursor events where a driver call may not reach what was wrapped; `own` are attributes of one dialect."""
    if any(name in own or getattr(dialect_class, name) not in _wrappers for name in _EXECUTING):
        cursor_events.use_cursor_events()


def _put(dialect_class: Any, name: str, wrapper: Callable[..., None]) -> None:
    _wrappers.add(wrapper)
    setattr(dialect_class, name, wrapper)


def _wrap_default_dialect() -> None:
    dialect: Any = DefaultDialect
    _put(dialect, "do_execute", executions.around(dialect.do_execute))
    _put(dialect, "do_executemany", executions.around(dialect.do_executemany))
    _put(dialect, "do_execute_no_params", executions.around_no_params(dialect.do_execute_no_params))
    dialect.do_begin = transactions.began(dialect.do_begin)
    for name, wrap in _TURNS.items():
        if name in vars(DefaultDialect):
            setattr(dialect, name, wrap(vars(DefaultDialect)[name]))
    _wrapped.add(DefaultDialect)


def _wrap_overrides(dialect_class: Any) -> None:
    """Wrap what a dialect defines itself, as the driver call may never reach the default method."""
    if dialect_class in _wrapped:
        return
    _wrapped.add(dialect_class)
    for name in ("do_execute", "do_executemany"):
        if name in vars(dialect_class):
            _put(dialect_class, name, executions.around(vars(dialect_class)[name], overridden=True))
    if "do_execute_no_params" in vars(dialect_class):
        execute = vars(dialect_class)["do_execute_no_params"]
        _put(dialect_class, "do_execute_no_params", executions.around_no_params(execute))
    for name, wrap in _TURNS.items():
        if name in vars(dialect_class):
            setattr(dialect_class, name, wrap(vars(dialect_class)[name]))


def _subclasses(root: type) -> list[type]:
    direct: list[type] = root.__subclasses__()
    return direct + [below for child in direct for below in _subclasses(child)]
