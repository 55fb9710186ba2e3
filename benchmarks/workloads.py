"""What the contestants are attached to: a small application on SQLite, aiosqlite or asyncpg, called without a server.

`/select/20` sends twenty ORM selects from one line, `/core/20` twenty of SQLAlchemy Core, `/checkout/20` takes and
returns twenty connections, `/transaction/20` begins and commits twenty times; `/select/0` touches no database.
"""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Engine, bindparam, create_engine, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

POSTGRES_URL = "BENCHMARKS_POSTGRES_URL"
DRIVERS = ("sqlite", "aiosqlite", "asyncpg")
ROWS = 100


class Base(DeclarativeBase):
    pass


class User(Base):
    """Temporary, so that the processes on one server do not meet; each has one connection."""

    __tablename__ = "users"
    __table_args__ = {"prefixes": ["TEMPORARY"]}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]


async def make_engine(driver: str) -> Engine | AsyncEngine:
    """Return an engine of one connection, its table filled."""
    if driver == "sqlite":
        engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0)
        with engine.begin() as connection:
            _fill(connection)
        return engine
    url = "sqlite+aiosqlite://" if driver == "aiosqlite" else os.environ[POSTGRES_URL]
    async_engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0)
    async with async_engine.begin() as async_connection:
        await async_connection.run_sync(_fill)
    return async_engine


def _fill(connection: Any) -> None:
    Base.metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(User), [{"id": i, "name": f"user {i}", "email": f"{i}@example.org"} for i in range(ROWS)])


def make_app(engine: Engine | AsyncEngine) -> Starlette:
    if isinstance(engine, AsyncEngine):
        return Starlette(routes=[Route("/select/{times:int}", _async_select(engine))])
    endpoints = {
        "select": _select(engine),
        "core": _core(engine),
        "checkout": _checkout(engine),
        "transaction": _transaction(engine),
    }
    return Starlette(routes=[Route(f"/{name}/{{times:int}}", endpoint) for name, endpoint in endpoints.items()])


def _select(engine: Engine) -> Any:
    def load_user(session: Session, number: int) -> object:
        return session.scalars(select(User).where(User.id == number)).all()

    async def endpoint(request: Request) -> Response:
        if times := request.path_params["times"]:
            with Session(engine) as session:
                for number in range(times):
                    load_user(session, number % ROWS)
        return PlainTextResponse("done")

    return endpoint


def _async_select(engine: AsyncEngine) -> Any:
    async def load_user(session: AsyncSession, number: int) -> object:
        return (await session.scalars(select(User).where(User.id == number))).all()

    async def endpoint(request: Request) -> Response:
        if times := request.path_params["times"]:
            async with AsyncSession(engine) as session:
                for number in range(times):
                    await load_user(session, number % ROWS)
        return PlainTextResponse("done")

    return endpoint


def _core(engine: Engine) -> Any:
    users = User.__table__.c
    statement = select(users.id).where(users.id == bindparam("number"))

    async def endpoint(request: Request) -> Response:
        with engine.connect() as connection:
            for number in range(request.path_params["times"]):
                connection.execute(statement, {"number": number % ROWS}).all()
        return PlainTextResponse("done")

    return endpoint


def _checkout(engine: Engine) -> Any:
    async def endpoint(request: Request) -> Response:
        for _ in range(request.path_params["times"]):
            engine.connect().close()
        return PlainTextResponse("done")

    return endpoint


def _transaction(engine: Engine) -> Any:
    async def endpoint(request: Request) -> Response:
        with engine.connect() as connection:
            for _ in range(request.path_params["times"]):
                connection.begin().commit()
        return PlainTextResponse("done")

    return endpoint


async def send_request(app: ASGIApp, path: str) -> None:
    """Call the application as a server would, at no cost of its own."""
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
        "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await app(scope, _receive, _send)


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Message) -> None:
    if message.get("status", 200) != 200:
        raise RuntimeError(f"the application answered {message['status']}, expected 200; run the path by hand")
