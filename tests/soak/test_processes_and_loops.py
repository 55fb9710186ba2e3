"""Processes that fork after they have warmed up, and event loops in threads beside each other."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from query_guard.own_errors import own_errors
from tests.serving import client_of, guarded
from tests.soak.sizes import sizes

LOOPS = 6


@pytest.mark.parametrize("requests", sizes(10, 3_000))
def test_a_fork_after_the_warm_up(requests: int) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.soak.forked", "3", str(requests)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=1_800).stdout)
    expected = {"reports": requests, "numbers": [3], "ids": requests, "own_errors": {}}
    firsts = [one.pop("first") for one in told]
    assert told == [expected] * 4
    assert len({*firsts}) == 4  # no two processes give a report the same id


@pytest.mark.parametrize("requests", sizes(10, 5_000))
def test_six_loops_in_six_threads(requests: int) -> None:
    before = own_errors()
    app, reports = guarded()

    @app.get("/{loop}/{times}")
    async def endpoint(loop: int, times: int) -> None:
        async with engines[loop].connect() as connection:
            for n in range(times):
                await connection.execute(text("SELECT :n"), {"n": n})

    engines = [create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool) for _ in range(LOOPS)]

    async def serve(loop: int) -> None:
        async with client_of(app) as client:
            for serial in range(requests):
                response = await client.get(f"/{loop}/{serial % 4}")
                assert (response.status_code, response.headers["x-query-count"]) == (200, str(serial % 4))
        await engines[loop].dispose()

    with ThreadPoolExecutor(LOOPS) as threads:
        list(threads.map(lambda loop: asyncio.run(serve(loop)), range(LOOPS)))
    assert Counter(report.query_count for report in reports) == Counter(n % 4 for n in range(requests) for _ in engines)
    assert own_errors(before) == {}
