"""One body of a test for four drivers: the body is a plain function of a `Session`, async drivers call it with
`run_sync`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from query_guard import QueryGuard, Report, defaults, record
from query_guard.detectors import (
    EventLoopBlocked,
    IdleInTransaction,
    PoolSettings,
    PoolWait,
    SlowStatement,
    WriteInReadRequest,
)
from tests.models import Base, sample

Result = TypeVar("Result")

SYNC_DRIVERS = ("sqlite3", "psycopg")
ASYNC_DRIVERS = ("aiosqlite", "asyncpg")
DRIVERS = (*SYNC_DRIVERS, *ASYNC_DRIVERS)


_TIMED = (SlowStatement, PoolWait, IdleInTransaction, EventLoopBlocked)
_OF_THE_TEST = (PoolSettings, WriteInReadRequest)
UNTIMED = tuple(
    detector for detector in defaults(*(one(seconds=30) for one in _TIMED)) if not isinstance(detector, _OF_THE_TEST)
)
"""The default detectors, told not to judge how busy the machine is, and without those that would judge the test itself:
its pool, and that it may write in a GET.
"""


class Database:
    """A database with the sample rows, reached by one driver."""

    def __init__(self, driver: str, url: str, **options: Any) -> None:
        self.driver = driver
        self.is_async = driver in ASYNC_DRIVERS
        self.is_server = driver in ("psycopg", "asyncpg")
        self.url = url
        self.engine: Engine | None = None if self.is_async else create_engine(url, **options)
        self.async_engine: AsyncEngine | None = create_async_engine(url, **options) if self.is_async else None

    @property
    def sync_engine(self) -> Engine:
        """The engine whose events are listened to."""
        if self.async_engine is not None:
            return self.async_engine.sync_engine
        assert self.engine is not None
        return self.engine

    @property
    def dialect(self) -> str:
        return "postgresql" if self.is_server else "sqlite"

    @contextmanager
    def session(self, **options: Any) -> Iterator[Session]:
        assert self.engine is not None
        with Session(self.engine, **options) as session:
            yield session

    @asynccontextmanager
    async def async_session(self, **options: Any) -> AsyncIterator[AsyncSession]:
        assert self.async_engine is not None
        async with AsyncSession(self.async_engine, **options) as session:
            yield session

    @asynccontextmanager
    async def tables(
        self, metadata: MetaData, fill: Callable[[Session], object] = lambda _: None
    ) -> AsyncIterator[None]:
        """Create the tables of a test's own models, with the rows that `fill` makes, and drop them at the end."""

        def create(session: Session) -> None:
            metadata.create_all(session.connection())
            fill(session)
            session.commit()

        def drop(session: Session) -> None:
            metadata.drop_all(session.connection())
            session.commit()

        await self.run(create)
        yield
        await self.run(drop)

    async def run(self, body: Callable[[Session], Result], **options: Any) -> Result:
        """Call the body with a session of this driver, in a thread where the driver is sync, as FastAPI does."""
        if self.is_async:
            async with self.async_session(**options) as session:
                return await session.run_sync(body)

        def with_session() -> Result:
            with self.session(**options) as session:
                return body(session)

        return await asyncio.to_thread(with_session)

    async def prepare(self) -> None:
        await self.run(self._fill)

    @staticmethod
    def _fill(session: Session) -> None:
        connection = session.connection()
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
        session.add_all(sample())
        session.commit()

    async def dispose(self) -> None:
        if self.async_engine is not None:
            await self.async_engine.dispose()
        if self.engine is not None:
            self.engine.dispose()


class Profiler:
    """Runs a body as the endpoint of a FastAPI application under QueryGuard and returns the report."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def __call__(self, body: Callable[[Session], Any], **options: Any) -> Report:
        def endpoint() -> None:
            with self.database.session() as session:
                body(session)

        async def async_endpoint() -> None:
            await self.database.run(body)

        return await self.endpoint(async_endpoint if self.database.is_async else endpoint, **options)

    async def awaited(self, body: Callable[[AsyncSession], Awaitable[Any]], **options: Any) -> Report:
        """Run a coroutine function of an AsyncSession."""

        async def endpoint() -> None:
            async with self.database.async_session() as session:
                await body(session)

        return await self.endpoint(endpoint, **options)

    async def endpoint(
        self, endpoint: Callable[..., Any], *, route: dict[str, Any] | None = None, **options: Any
    ) -> Report:
        reports: list[Report] = []
        app = FastAPI()
        app.get("/", **(route or {}))(endpoint)
        app.add_middleware(QueryGuard, **{"reporters": [reports.append], "detectors": UNTIMED, **options})
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.get("/")
        (report,) = reports
        return report

    async def block(self, body: Callable[[Session], Any]) -> Report:
        """Run the body in a `record()` block, outside any request."""
        with record("block") as recording:
            await self.database.run(body)
        return recording.report
