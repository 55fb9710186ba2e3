"""A connection that a request never gave back is found in a block, too; a session that the test lent it is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from query_guard import QueryGuard
from query_guard.judge.outside_requests import lost_since
from query_guard.testing import assert_no_findings, record_queries

Ask = Callable[[AsyncEngine], AsyncSession]


async def get(engine: AsyncEngine, session_of: Ask) -> None:
    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[])

    @app.get("/stats")
    async def stats() -> int:
        return int((await session_of(engine).execute(text("SELECT 1"))).scalar_one())

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        await client.get("/stats")


@pytest.mark.asyncio
async def test_a_session_that_a_request_made_and_kept_is_a_leak(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'leak.db'}")
    kept: list[AsyncSession] = []

    def made(engine: AsyncEngine) -> AsyncSession:
        kept.append(AsyncSession(engine))
        return kept[-1]

    with pytest.raises(
        AssertionError, match="connection_leak: A connection was not returned at the end of the request"
    ):
        with assert_no_findings():
            await get(engine, made)
    for session in kept:
        await session.close()
    await engine.dispose()


@pytest.mark.asyncio
@pytest.mark.parametrize("is_made_inside", [True, False])
async def test_a_session_that_the_test_lends_is_no_leak(tmp_path: Path, is_made_inside: bool) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'lent.db'}")
    before = AsyncSession(engine)
    with record_queries() as recording:
        session = AsyncSession(engine) if is_made_inside else before
        await get(engine, lambda _: session)
    assert recording.report.findings == ()
    await session.close()
    await engine.dispose()


@pytest.mark.asyncio
async def test_what_is_lost_only_after_its_report_is_judged_with_the_block(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'lost.db'}")
    session = AsyncSession(engine)
    with record_queries() as recording:
        await get(engine, lambda _: session)
    (report,) = recording.request_reports.kept
    (late,) = recording.report.facts.checkouts
    assert late.outcome == "late"
    collected = replace(recording.report.facts, checkouts=(late._replace(outcome="collected"),))
    lost = lost_since(collected, [report])
    assert lost is not None
    assert [one.outcome for one in lost.checkouts] == ["collected"]
    told = replace(report, facts=replace(report.facts, checkouts=(late._replace(outcome="leaked"),)))
    assert lost_since(collected, [told]) is None
    assert lost_since(collected, []) is None
    await session.close()
    await engine.dispose()
