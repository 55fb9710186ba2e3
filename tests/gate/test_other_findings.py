"""Findings besides N+1: rows D1 to D3 and D18 to D24 of the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from query_guard import Finding, Report, defaults, record
from query_guard.detectors import SlowStatement
from tests.databases import Database, Profiler
from tests.models import Post, User

pytestmark = pytest.mark.asyncio


def findings(report: Report, kind: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == kind]


@pytest.mark.parametrize(("times", "severity"), [(2, "info"), (3, "warning")])
async def test_d1_the_same_statement_with_the_same_values(profile: Profiler, times: int, severity: str) -> None:
    def again(session: Session) -> None:
        for _ in range(times):
            session.scalars(select(User).where(User.name == "user 1")).all()

    (finding,) = findings(await profile(again), "duplicate_statement")
    assert (finding.count, finding.severity) == (times, severity)
    assert finding.site.innermost is not None
    assert finding.site.innermost.function == "again"


READ = select(User.name).where(User.id == 1)
BETWEEN: dict[str, Callable[[Session], Any]] = {
    "an update of the table": lambda session: session.execute(update(User).values(name="new")),
    "a commit": lambda session: session.commit(),
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN.keys())
async def test_d2_silent_when_the_data_may_have_changed(profile: Profiler, between: Callable[[Session], Any]) -> None:
    def again(session: Session) -> None:
        for _ in range(3):
            session.execute(READ).all()
            between(session)

    assert findings(await profile(again), "duplicate_statement") == []


async def test_d2_an_update_of_another_table_changes_nothing(profile: Profiler) -> None:
    def again(session: Session) -> None:
        for number in range(3):
            session.execute(READ).all()
            session.execute(update(Post).where(Post.id == number).values(title="new"))

    assert len(findings(await profile(again), "duplicate_statement")) == 1


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [READ.with_for_update(), select(func.now()), select(func.random()), text("SELECT nextval('users_id_seq')")],
    ids=["for update", "now", "random", "nextval"],
)
async def test_d2_silent_when_a_repetition_means_something(profile: Profiler, statement: Any) -> None:
    def again(session: Session) -> None:
        for _ in range(3):
            session.execute(statement).all()

    assert findings(await profile(again), "duplicate_statement") == []


SLEEP = {
    "postgresql": "SELECT pg_sleep(0.12)",
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 900000) SELECT max(x) FROM n",
}


async def test_d3_a_slow_statement(database: Database, profile: Profiler) -> None:
    def slow(session: Session) -> None:
        session.execute(text(SLEEP[database.dialect])).all()

    report = await profile(slow, detectors=defaults(SlowStatement(seconds=0.02)))
    (finding,) = findings(report, "slow_statement")
    assert finding.site.innermost is not None
    assert finding.site.innermost.function == "slow"
    assert finding.summary.startswith("SELECT took ")


async def test_d22_failed_cancelled_and_refused_leave_nothing_behind(database: Database, profile: Profiler) -> None:
    def failing(session: Session) -> None:
        for _ in range(3):
            with pytest.raises(DBAPIError):
                session.execute(text("SELECT nothing FROM nowhere"))
            session.rollback()
        session.execute(READ)

    report = await profile(failing)
    assert [row.error is not None for row in report.facts.statements] == [True, True, True, False]
    assert report.query_count == 4


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_d22_a_refused_connection(database: Database) -> None:
    engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with record() as recording, pytest.raises(OSError, match="[Cc]onnect"):
        async with engine.connect():
            pass
    await engine.dispose()
    assert recording.report.query_count == 0
    assert [checkout.outcome for checkout in recording.report.facts.checkouts] == ["failed"]


async def test_d24_a_task_that_outlives_its_request(database: Database, profile: Profiler) -> None:
    tasks: list[asyncio.Task[Any]] = []
    go = asyncio.Event()

    async def straggler() -> None:
        await go.wait()
        await database.run(lambda session: session.execute(READ).all())

    async def endpoint() -> None:
        tasks.append(asyncio.create_task(straggler()))

    report = await profile.endpoint(endpoint)
    assert (report.query_count, report.facts.late.count) == (0, 0)
    go.set()
    await tasks[0]
    assert (report.query_count, report.facts.late.count) == (0, 1)
