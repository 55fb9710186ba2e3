"""The engine, its sessions, and the dependencies that hand them to endpoints."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Request
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from example_app.models import Base
from example_app.seed import seed

Sessions: TypeAlias = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def connected(url: URL, pool_size: int) -> AsyncIterator[Sessions]:
    """Give sessions on the database, its tables made and filled; the pool never grows beyond `pool_size`."""
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0)
    if url.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _give_sleep)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with sessions() as session:
            await seed(session)
        yield sessions
    finally:
        await engine.dispose()


def _give_sleep(connection: Any, _: object) -> None:
    """Let SQLite be slow in the words of PostgreSQL."""
    connection.create_function("pg_sleep", 1, time.sleep)


async def get_sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


async def get_session(sessions: Annotated[Sessions, Depends(get_sessions)]) -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


SessionsOfApp = Annotated[Sessions, Depends(get_sessions)]
SessionOfRequest = Annotated[AsyncSession, Depends(get_session)]
