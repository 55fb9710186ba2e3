"""Fixtures that every test may use: a filled database behind each driver, and an application around a body."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.databases import DRIVERS, Database, Profiler

SCHEMES = {
    "sqlite3": "sqlite",
    "aiosqlite": "sqlite+aiosqlite",
    "psycopg": "postgresql+psycopg",
    "asyncpg": "postgresql+asyncpg",
}


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def database(driver: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if driver in ("psycopg", "asyncpg"):
        url = request.getfixturevalue("postgres_url").replace("postgresql://", f"{SCHEMES[driver]}://")
    else:
        url = f"{SCHEMES[driver]}:///{tmp_path / 'test.db'}"
    database = Database(driver, url)
    await database.prepare()
    yield database
    await database.dispose()


@pytest.fixture
def profile(database: Database) -> Profiler:
    return Profiler(database)
