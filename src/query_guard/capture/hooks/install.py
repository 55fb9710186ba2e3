"""Wrap SQLAlchemy once, for all engines of the process, existing and future ones."""

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
    savepoints,
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
    "do_savepoint": lambda method: savepoints.noted_savepoint(method, "save"),
    "do_release_savepoint": lambda method: savepoints.noted_savepoint(method, "release"),
    "do_rollback_to_savepoint": lambda method: savepoints.noted_savepoint(method, "roll_back_to"),
}
_EXECUTING = ("do_execute", "do_executemany", "do_execute_no_params")
_lock = threading.Lock()
_wrapped: set[type] = set()
_wrappers: set[object] = set()
"""The wrappers of driver calls that were set on classes of dialects."""


_last_checked: tuple[Any, Any, Any, Any] = (None, None, None, None)
"""The class of dialects that was checked last, and its driver calls, all of them wrapped."""


def _is_watched(dialect: Any) -> bool:
    """Whether the driver calls of a dialect are the wrapped ones: no other tool has replaced them since.

    A tool may replace them on the class or on one dialect, or restore what was there before; see `cursor_events`.
    Each checkout calls this, mostly for the same class as the checkout before.
    """
    kind: Any = type(dialect)
    checked_kind, execute, executemany, no_params = _last_checked
    if (
        kind is not checked_kind
        or kind.do_execute is not execute
        or kind.do_executemany is not executemany
        or kind.do_execute_no_params is not no_params
    ) and not _is_wrapped(kind):
        return False
    own_attributes = dialect.__dict__
    return not (
        "do_execute" in own_attributes or "do_executemany" in own_attributes or "do_execute_no_params" in own_attributes
    )


def _is_wrapped(kind: Any) -> bool:
    """Whether the driver calls of a class are the wrapped ones; if so, remember it as the class checked last."""
    global _last_checked  # noqa: PLW0603
    if kind not in _wrapped or any(getattr(kind, name, None) not in _wrappers for name in _EXECUTING):
        return False
    _last_checked = (kind, kind.do_execute, kind.do_executemany, kind.do_execute_no_params)
    return True


def install() -> None:
    """Watch every engine of the process. Calling it again only picks up dialects imported, or patched, since.

    The first call adds listeners. Call it before threads execute statements: SQLAlchemy's lists of listeners must not
    change while a thread iterates over them.
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
    """Watch the dialect of a checkout, which may have been imported, or have got listeners, since `install`."""
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


def _look_for_patches(dialect_class: Any, own_attributes: Container[str] = ()) -> None:
    """Use cursor events if a driver call may not be a wrapped one; `own_attributes` are those of one dialect."""
    if any(name in own_attributes or getattr(dialect_class, name) not in _wrappers for name in _EXECUTING):
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
    """Wrap the methods that a dialect overrides: they may never call the default ones."""
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
    return direct + [subclass for child in direct for subclass in _subclasses(child)]
