"""Connections that a test made to a database without SQLAlchemy: what it sent on them could not be seen.

Python itself raises an audit event for each `sqlite3.connect` (https://docs.python.org/3/library/audit_events.html);
the functions of other drivers are wrapped while the test runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

_DRIVERS = {
    "psycopg": ("connect",),
    "psycopg.Connection": ("connect",),
    "psycopg.AsyncConnection": ("connect",),
    "psycopg2": ("connect",),
    "aiosqlite": ("connect",),
    "asyncpg": ("connect", "create_pool"),
    "pymysql": ("connect",),
    "MySQLdb": ("connect",),
    "aiomysql": ("connect", "create_pool"),
    "asyncmy": ("connect", "create_pool"),
    "oracledb": ("connect", "connect_async"),
    "pyodbc": ("connect",),
}
_SQLALCHEMY = f"{os.sep}sqlalchemy{os.sep}"
_AIOSQLITE = f"{os.sep}aiosqlite{os.sep}"
"""It connects in a thread of its own, where the stack no longer shows its caller; its own function is wrapped."""
_watching: list[PastSqlalchemy] = []
_audited: list[bool] = []


class PastSqlalchemy:
    """A block in which connections without SQLAlchemy are noted: `connections` counts them by driver and line."""

    def __init__(self) -> None:
        self.connections: dict[tuple[str, str], int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> PastSqlalchemy:
        _audit()
        _watching.append(self)
        for path, names in _DRIVERS.items():
            for name in names:
                self._stack.enter_context(_wrapped(path, name))
        return self

    def __exit__(self, *_: object) -> None:
        _watching.remove(self)
        self._stack.close()

    def message(self) -> str:
        """Say which drivers were used without SQLAlchemy, and at which lines."""
        lines = [f"  {times} x {driver}, connected at {place}" for (driver, place), times in self.connections.items()]
        return "\n".join(
            [
                "expected all statements to go through SQLAlchemy (--query-guard-require), but a database was used "
                "that query_guard cannot see:",
                *lines,
                "  use an engine of SQLAlchemy, or let this test run without --query-guard-require: "
                '@pytest.mark.query_guard(mode="off")',
            ]
        )

    def note(self, driver: str, frame: FrameType | None) -> None:
        """Note a connection, unless SQLAlchemy makes it."""
        place = ""
        while frame is not None:
            file = frame.f_code.co_filename
            if _SQLALCHEMY in file or (driver == "sqlite3" and _AIOSQLITE in file):
                return
            if not place and not _is_library(file):
                place = f"{os.path.relpath(file)}:{frame.f_lineno}"
            frame = frame.f_back
        key = driver, place or "a library"
        self.connections[key] = self.connections.get(key, 0) + 1


def _is_library(file: str) -> bool:
    from query_guard.capture.origin.source_files import APPLICATION, kind_of

    return kind_of(file) != APPLICATION


def _audit() -> None:
    """Add the audit hook, once: an audit hook cannot be removed. It does nothing where `_watching` is empty."""
    if not _audited:
        _audited.append(True)
        sys.addaudithook(_note_connect)


def _note_connect(event: str, _args: tuple[Any, ...]) -> None:
    if event == "sqlite3.connect":
        for watcher in tuple(_watching):
            watcher.note("sqlite3", sys._getframe(1))


@contextmanager
def _wrapped(path: str, name: str) -> Iterator[None]:
    module, _, attribute = path.partition(".")
    holder = sys.modules.get(module)
    holder = getattr(holder, attribute, None) if attribute else holder
    original = vars(holder).get(name) if holder is not None else None
    if holder is None or original is None:
        yield
        return
    setattr(holder, name, _noting(original, module))
    try:
        yield
    finally:
        setattr(holder, name, original)


def _noting(original: Any, driver: str) -> Any:
    call: Callable[..., Any] = getattr(original, "__func__", original)

    def noted(*args: Any, **options: Any) -> Any:
        for watcher in tuple(_watching):
            watcher.note(driver, sys._getframe(1))
        return call(*args, **options)

    return type(original)(noted) if isinstance(original, (classmethod, staticmethod)) else noted
