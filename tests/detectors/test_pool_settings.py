"""Advice on pools: once for each engine, from what was measured."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from query_guard import Finding, Report, defaults
from tests.databases import Database
from tests.serving import findings, guarded, visit

pytestmark = pytest.mark.asyncio
of_servers = pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)


async def advice(database: Database, at_once: int = 1, **options: Any) -> list[Finding]:
    """Return the findings of three rounds of requests."""
    other = Database(database.driver, database.url, **options)
    app, reports = guarded(detectors=defaults())

    async def read_async() -> None:
        async with other.async_session() as session:
            await session.execute(text("SELECT pg_sleep(0.1)" if other.is_server else "SELECT 1"))

    def read() -> None:
        with other.session() as session:
            session.execute(text("SELECT pg_sleep(0.1)" if other.is_server else "SELECT 1"))

    app.get("/")(read_async if other.is_async else read)
    for _ in range(3):
        await visit(app, *["/"] * at_once)
    await asyncio.sleep(0)
    await other.dispose()
    return _settings(reports)


def _settings(reports: list[Report]) -> list[Finding]:
    return [finding for report in reports for finding in findings(report, "pool_settings")]


@of_servers
async def test_a_missing_pre_ping_is_reported_once(database: Database) -> None:
    (finding,) = await advice(database)
    assert finding.severity == "info"
    assert "pool_pre_ping=True" in finding.fix


@of_servers
async def test_a_chosen_pool_that_pings_is_left_alone(database: Database) -> None:
    assert await advice(database, 8, pool_size=10, pool_pre_ping=True) == []


@of_servers
async def test_a_default_size_below_the_concurrency_is_reported_with_figures(database: Database) -> None:
    (finding,) = await advice(database, 9, pool_pre_ping=True)
    assert "connections were out at once, of a pool that keeps 5" in finding.summary
    assert "were made" in finding.summary
    assert "pool_size=" in finding.fix


@of_servers
async def test_a_pool_that_keeps_nothing_is_reported(database: Database) -> None:
    (finding,) = await advice(database, poolclass=NullPool)
    assert finding.summary.startswith("NullPool makes a connection for each checkout; 3 were made")


@pytest.mark.parametrize("driver", ["sqlite3", "aiosqlite"], indirect=True)
async def test_files_are_another_matter(database: Database) -> None:
    assert await advice(database, poolclass=NullPool) == []


@of_servers
async def test_a_ping_is_no_wait(database: Database) -> None:
    other = Database(database.driver, database.url, pool_pre_ping=True)
    app, reports = guarded()

    async def read_async() -> None:
        async with other.async_session() as session:
            await session.execute(text("SELECT 1"))

    def read() -> None:
        with other.session() as session:
            session.execute(text("SELECT 1"))

    app.get("/")(read_async if other.is_async else read)
    await visit(app, "/")
    await visit(app, "/")
    await other.dispose()
    (checkout,) = reports[1].facts.checkouts
    assert checkout.connect > 0
    assert checkout.wait < checkout.connect
