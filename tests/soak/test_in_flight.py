"""Many requests at once: each report counts what its own request sent, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from query_guard import Report
from query_guard.own_errors import own_errors
from tests.serving import guarded, visit
from tests.soak.sizes import sizes

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
POOL: dict[str, Any] = {"pool_size": 5, "max_overflow": 10, "pool_timeout": 600}


def paths(number: int) -> dict[str, int]:
    """Return paths, each with the number of statements that it sends."""
    return {f"/{serial}/{serial % 7}": serial % 7 for serial in range(number)}


async def counted(app: FastAPI, reports: list[Report], number: int) -> dict[str, int]:
    """Send all at once, and return for each path what its own report says, which its header says, too."""
    responses = await visit(app, *paths(number))
    by_id = {report.id: report.query_count for report in reports}
    told = {response.url.path: by_id[response.headers["x-query-guard-id"]] for response in responses}
    assert told == {response.url.path: int(response.headers["x-query-count"]) for response in responses}
    return told


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("number", sizes(60, 1_000))
def test_requests_in_flight_on_asyncpg(postgres_url: str, number: int, loop: str) -> None:
    async def serve() -> dict[str, int]:
        engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"), **POOL)
        arrived = 0
        all_arrived = asyncio.Event()

        @app.get("/{serial}/{times}")
        async def endpoint(times: int) -> None:
            nonlocal arrived
            arrived += 1
            if arrived == number:
                all_arrived.set()
            await all_arrived.wait()
            for n in range(times):
                async with engine.connect() as connection:
                    await connection.execute(text("SELECT CAST(:n AS INTEGER)"), {"n": n})

        try:
            return await counted(app, reports, number)
        finally:
            await engine.dispose()

    before = own_errors()
    app, reports = guarded()
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(serve()) == paths(number)
    assert len(reports) == number
    assert own_errors(before) == {}


@pytest.mark.parametrize("number", sizes(60, 1_000))
def test_requests_in_flight_on_psycopg_in_threads(postgres_url: str, number: int) -> None:
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"), **POOL)
    before = own_errors()
    app, reports = guarded()

    @app.get("/{serial}/{times}")
    def endpoint(times: int) -> None:
        for n in range(times):
            with engine.connect() as connection:
                connection.execute(text("SELECT CAST(:n AS INTEGER)"), {"n": n})

    assert asyncio.run(counted(app, reports, number)) == paths(number)
    engine.dispose()
    assert len(reports) == number
    assert own_errors(before) == {}
