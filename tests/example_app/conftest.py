"""A migrated database for each test, a client of the application in front of it, and a second pair that commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.core.settings import Settings, async_url
from example_app.db.engine import make_engine
from example_app.db.migrating import migrate
from example_app.db.seed import GUIDE, Size, seed, set_password_of_guide
from example_app.db.session import Sessions, make_sessions
from example_app.demo.visits import Visitor
from example_app.dependencies.sessions import get_sessions
from example_app.main import create_app
from tests.example_app.factory import Factory
from tests.example_app.outer_transaction import outer_transaction
from tests.serving import KEY

PASSWORD = "of the guide in tests"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the pairs whose fault cannot happen on SQLite there: they are no test that waits for its day."""
    impossible = [item for item in items if _is_impossible(getattr(item, "callspec", None))]
    items[:] = [item for item in items if item not in impossible]
    config.hook.pytest_deselected(items=impossible)


def _is_impossible(chosen: Any) -> bool:
    params = chosen.params if chosen is not None else {}
    return params.get("dialect") == "sqlite" and bool(getattr(params.get("pair"), "not_on_sqlite", ""))


def create_database(name: str, dialect: str, request: pytest.FixtureRequest) -> URL:
    """Make an empty database, that no other test of the project knows, and return its URL."""
    if dialect == "sqlite":
        directory = request.getfixturevalue("tmp_path_factory").mktemp("example_app")
        return async_url(f"sqlite:///{directory / name}.db")
    server: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # an earlier file may have made one
        connection.execute(f"CREATE DATABASE {name}")
    return async_url(server).set(database=name)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def settings(dialect: str, request: pytest.FixtureRequest) -> Settings:
    """Give the settings of a database that was migrated once, and that no test changes for good."""
    url = create_database("example_app", dialect, request)
    asyncio.run(migrate(url))
    return Settings(database_url=url, debug=True, debug_token=SecretStr(KEY))


@pytest.fixture(scope="session")
def tour_settings(dialect: str, request: pytest.FixtureRequest) -> Settings:
    """Give the settings of a database with rows to look at, and two connections in the pool, as the demo has them."""
    url = create_database("example_app_tour", dialect, request)
    settings = Settings(database_url=url, debug=True, debug_token=SecretStr(KEY), pool_size=2, max_overflow=0)
    asyncio.run(migrate(url))
    asyncio.run(fill(settings))
    return settings


async def fill(settings: Settings) -> None:
    engine = make_engine(settings)
    async with make_sessions(engine)() as session:
        await seed(session, Size(users=20, posts_each=4, comments_each=600, products=10))
        await set_password_of_guide(session, PASSWORD)
    await engine.dispose()


@pytest_asyncio.fixture
async def sessions(settings: Settings) -> AsyncIterator[Sessions]:
    """Give sessions inside a transaction that is rolled back: what they commit is seen by this test alone."""
    async with outer_transaction(settings) as sessions:
        yield sessions


@pytest_asyncio.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


@pytest.fixture
def app(settings: Settings, sessions: Sessions) -> Iterator[FastAPI]:
    """Give the application with the test's sessions in place of its own; its lifespan is not run.

    No good route may have had a finding in the test, a budget exceeded included.
    """
    app = create_app(settings)
    app.dependency_overrides[get_sessions] = lambda: sessions
    yield app
    reports = app.state.history.latest()
    good = [report for report in reports if not (report.request.path or "").startswith("/anti-patterns")]
    assert [(one.kind, one.summary) for report in good for one in report.loud_findings if one.kind not in TIMED] == []


TIMED = ("slow_statement", "pool_wait", "idle_in_transaction", "event_loop_blocked")
"""What a busy machine may do to any request."""


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def factory(session: AsyncSession, settings: Settings) -> Factory:
    return Factory(session, settings)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visitor(tour_settings: Settings) -> AsyncIterator[Visitor]:
    """Give a visitor of the whole application, lifespan included, logged in as the guide; what it writes stays."""
    app = create_app(tour_settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        visitor = Visitor(client, KEY)
        await visitor.log_in(GUIDE, PASSWORD)
        yield visitor
