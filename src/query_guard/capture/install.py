"""Registration: once, process-wide, idempotent, for the engines that exist and those to come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from query_guard.capture import connections, cursor_events, executions, flushes, greenlets, provenance, transactions
from query_guard.capture.trouble import report_trouble

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
_lock = threading.Lock()
_wrapped: set[type] = set()


def install() -> None:
    """Watch every engine of the process. Calling it again only picks up dialects imported since."""
    with _lock:
        if not _wrapped:
            _wrap_default_dialect()
            connections.install(_watch_dialect, _wrapped)
            flushes.install()
            greenlets.install()
            provenance.install()
        for dialect_class in _subclasses(DefaultDialect):
            _wrap_overrides(dialect_class)


def _watch_dialect(dialect: Any) -> None:
    """Look at the dialect of a checkout: it may have been imported, or been given listeners, since."""
    try:
        if type(dialect) not in _wrapped:
            for dialect_class in type(dialect).__mro__:
                if issubclass(dialect_class, DefaultDialect):
                    _wrap_overrides(dialect_class)
            _wrapped.add(type(dialect))
        if getattr(dialect, "_has_events", False):
            cursor_events.watch_dialect(dialect)
    except Exception:
        report_trouble("a dialect could not be watched")


def _wrap_default_dialect() -> None:
    dialect: Any = DefaultDialect
    dialect.do_execute = executions.around(dialect.do_execute)
    dialect.do_executemany = executions.around(dialect.do_executemany)
    dialect.do_execute_no_params = executions.around_no_params(dialect.do_execute_no_params)
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
            setattr(dialect_class, name, executions.around(vars(dialect_class)[name], overridden=True))
    for name, wrap in _TURNS.items():
        if name in vars(dialect_class):
            setattr(dialect_class, name, wrap(vars(dialect_class)[name]))


def _subclasses(root: type) -> list[type]:
    direct: list[type] = root.__subclasses__()
    return direct + [below for child in direct for below in _subclasses(child)]
