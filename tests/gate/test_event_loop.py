"""Findings about the event loop: rows D4 and D5 of the gate."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from query_guard import Finding, Report, defaults
from query_guard.capture.live.event_loop import heartbeat_here
from query_guard.detectors import PoolSettings, SlowStatement
from query_guard.records import Silence
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, Database
from tests.models import Tag
from tests.serving import client_of, findings, function_of, guarded, only, report_of, visit

pytestmark = pytest.mark.asyncio

CALM = tuple(detector for detector in defaults() if not isinstance(detector, PoolSettings))


def block_the_loop() -> None:
    """Hold it up for a quarter of a second, and until the watchdog has seen it, however busy the machine is."""
    heartbeat = heartbeat_here()
    assert heartbeat is not None
    began = time.perf_counter()
    while time.perf_counter() - began < 0.25 or heartbeat.blocker is None:
        assert time.perf_counter() - began < 30, "no watchdog has looked"
        time.sleep(0.01)


def blocked(report: Report) -> list[Finding]:
    """Return what is told of that: a busy machine may have held up the loop elsewhere."""
    found = findings(report, "event_loop_blocked")
    return [one for one in found if one.site.frames and function_of(one) == "block_the_loop"]


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_of_a_template_the_line_that_renders_it_blocks_the_loop(database: Database) -> None:
    app, reports = guarded(detectors=CALM)
    template: dict[str, Any] = {}
    code = "def root(blocks):\n    for block in blocks:\n        block()\n"
    exec(compile(code, "templates/page.html", "exec"), template)  # as template engines do

    @app.get("/")
    async def page() -> None:
        await asyncio.sleep(0.05)
        template["root"]([block_the_loop])
        await asyncio.sleep(0.05)

    await visit(app, "/")
    found = [one for one in findings(only(reports), "event_loop_blocked") if one.site.frames]
    assert [(function_of(one), len(one.site.frames)) for one in found] == [("page", 1)]


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_d4_a_statement_is_not_slow_when_only_the_loop_stood_still(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    @app.get("/fast")
    async def fast() -> None:
        async with database.async_session() as session:
            for _ in range(20):
                await session.execute(text("SELECT pg_sleep(0.01)"))

    @app.get("/blocks")
    async def blocks() -> None:
        block_the_loop()

    async with client_of(app) as client:
        await client.get("/fast")
        reports.clear()
        fast_one = asyncio.create_task(client.get("/fast"))
        await asyncio.sleep(0.1)
        await client.get("/blocks")
        await fast_one
    victim, culprit = report_of(reports, "/fast"), report_of(reports, "/blocks")
    worst = max(victim.facts.statements, key=lambda row: row.duration)
    assert worst.duration >= 0.2
    assert worst.stalled >= 0.15
    (silence,) = SlowStatement(seconds=worst.duration)(victim.facts)  # the database of a busy machine may be slow, too
    assert isinstance(silence, Silence)
    assert "the event loop stood still" in silence.reason
    assert silence.statements == (worst.serial,)
    for report, where in ((victim, "outside this request"), (culprit, "at this line")):
        (finding,) = blocked(report)
        assert finding.severity == "warning"
        assert where in finding.summary
        assert finding.saving >= 0.1


async def test_d4_a_request_without_a_database_has_the_finding_too() -> None:
    app, reports = guarded(detectors=CALM)

    @app.get("/")
    async def blocks() -> None:
        await asyncio.sleep(0.03)
        block_the_loop()

    (response,) = await visit(app, "/")
    (report,) = reports
    assert len(blocked(report)) == 1
    told = {finding.kind for finding in report.findings}
    assert told == {"event_loop_blocked"}
    assert response.headers["X-Query-Findings"].startswith("event_loop_blocked=")


async def test_d4_waiting_in_a_thread_or_with_await_blocks_nothing() -> None:
    app, reports = guarded(detectors=CALM)

    @app.get("/thread")
    def in_thread() -> None:
        time.sleep(0.2)

    @app.get("/await")
    async def awaits() -> None:
        await asyncio.sleep(0.2)

    await visit(app, "/thread", "/await")
    accused = [function_of(one) for report in reports for one in report.loud_findings if one.site.frames]
    assert len(reports) == 2
    assert {"in_thread", "awaits"}.isdisjoint(accused)


@pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
async def test_d5_a_sync_driver_in_async_def(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    @app.get("/")
    async def blocks() -> None:
        with database.session() as session:
            session.execute(select(Tag)).all()

    await visit(app, "/")
    (finding,) = findings(only(reports), "blocking_driver")
    assert finding.severity == ("warning" if database.is_server else "info")
    assert function_of(finding) == "blocks"


@pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
async def test_d5_is_silent_in_threads(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    def read() -> None:
        with database.session() as session:
            session.execute(select(Tag)).all()

    @app.get("/pool")
    async def in_threadpool() -> None:
        await run_in_threadpool(read)

    @app.get("/thread")
    async def in_thread() -> None:
        await asyncio.to_thread(read)

    app.get("/def")(read)
    await visit(app, "/pool", "/thread", "/def")
    assert [report.query_count for report in reports] == [1, 1, 1]
    assert [finding for report in reports for finding in findings(report, "blocking_driver")] == []


@pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
async def test_d5_is_silent_with_async_drivers_and_in_run_sync(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    def read(session: Session) -> Any:
        return session.execute(select(Tag)).all()

    @app.get("/")
    async def awaits() -> None:
        async with database.async_session() as session:
            await session.execute(select(Tag))
            await session.run_sync(read)

    await visit(app, "/")
    assert not findings(only(reports), "blocking_driver")
