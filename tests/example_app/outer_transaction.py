"""Transaction per test: the application commits as it always does, and nothing of it stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from example_app.core.settings import Settings
from example_app.db.engine import make_engine
from example_app.db.session import Sessions, make_sessions


@asynccontextmanager
async def outer_transaction(settings: Settings) -> AsyncIterator[Sessions]:
    """Give sessions on one connection; their transactions are savepoints of one that is rolled back in the end."""
    engine = make_engine(settings)
    if engine.dialect.name == "sqlite":
        begin_as_sqlalchemy_says(engine)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield make_sessions(connection, join_transaction_mode="create_savepoint")
        await transaction.rollback()
    await engine.dispose()


def begin_as_sqlalchemy_says(engine: AsyncEngine) -> None:
    """Take the BEGIN away from the SQLite driver, which sends it too late for a savepoint to lie inside."""

    @event.listens_for(engine.sync_engine, "connect")
    def leave_transactions_alone(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute("BEGIN")
        cursor.close()
