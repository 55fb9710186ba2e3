"""Engines as they should not be, apart from the application's own, so that each harms its own endpoints alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import sessionmaker

from example_app.db.engine import prepare_sqlite
from example_app.db.session import ApplicationSession, Sessions, make_sessions


@dataclass(slots=True)
class BadlyConfigured:
    """`blocking` is behind a sync driver; `unset` has no pool settings; `small` has two connections.

    `opened` are the sessions that somebody forgot to close: kept, so that `DELETE /anti-patterns/sessions` can.
    """

    blocking: sessionmaker[ApplicationSession]
    unset: Sessions
    small: Sessions
    opened: list[AsyncSession] = field(default_factory=list)

    async def close_opened(self) -> int:
        number = len(self.opened)
        while self.opened:
            await self.opened.pop().close()
        return number


@asynccontextmanager
async def badly_configured(url: URL) -> AsyncIterator[BadlyConfigured]:
    """Make the engines, none of which connects before it is used, and dispose of them in the end."""
    blocking = create_engine(url.set(drivername=_sync_driver(url)), hide_parameters=True)
    unset = create_async_engine(url)
    small = create_async_engine(url, pool_size=2, max_overflow=0, pool_timeout=0.3, pool_pre_ping=True)
    _prepare(blocking, unset, small)
    factory = sessionmaker(blocking, class_=ApplicationSession, expire_on_commit=False)
    bad = BadlyConfigured(factory, make_sessions(unset), make_sessions(small))
    try:
        yield bad
    finally:
        await bad.close_opened()
        await unset.dispose()
        await small.dispose()
        blocking.dispose()


def _sync_driver(url: URL) -> str:
    return "sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"


def _prepare(*engines: Engine | AsyncEngine) -> None:
    for engine in engines:
        if engine.dialect.name == "sqlite":
            event.listen(engine if isinstance(engine, Engine) else engine.sync_engine, "connect", prepare_sqlite)


async def get_badly_configured(request: Request) -> BadlyConfigured:
    bad: BadlyConfigured = request.app.state.bad
    return bad


Bad = Annotated[BadlyConfigured, Depends(get_badly_configured)]
