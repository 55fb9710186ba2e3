"""The engine and its pool, as the settings say."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from example_app.core.settings import Settings


def make_engine(settings: Settings) -> AsyncEngine:
    """Make the one engine of the process; nothing connects before the first statement.

    A connection that the server closed is noticed by `pool_pre_ping`, and a wait for the pool ends with an error
    while the client still listens (`pool_timeout`). `hide_parameters` keeps values out of logs and exceptions.
    """
    engine = create_async_engine(
        settings.url,
        echo=settings.echo,
        hide_parameters=True,
        pool_pre_ping=settings.pool_pre_ping,
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        pool_timeout=settings.pool_timeout,
        pool_recycle=settings.pool_recycle,
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
    return engine


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Let SQLite keep foreign keys, which it does on request only, and be slow in the words of PostgreSQL."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
    connection.create_function("pg_sleep", 1, time.sleep)
