"""What is said of a fault is true: its line, its numbers, its severity."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import Depends
from fastapi.responses import StreamingResponse
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from query_guard import Finding, Report
from query_guard.detectors import IdleInTransaction
from tests.databases import ASYNC_DRIVERS, Database, Profiler
from tests.models import Tag, User
from tests.serving import findings, function_of, guarded, only, visit

pytestmark = pytest.mark.asyncio
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)


def tag(number: int) -> Tag:
    return Tag(id=number, name=f"new {number}")


@only_async
async def test_d14_blocks_of_a_sessionmaker_keep_their_lines(database: Database, profile: Profiler) -> None:
    sessions = async_sessionmaker(database.async_engine)

    async def two_blocks() -> None:
        async with sessions.begin() as session:
            session.add(tag(100))
        async with sessions.begin() as session:
            session.add(tag(101))

    (finding,) = findings(await profile.endpoint(two_blocks), "split_transaction")
    first = two_blocks.__code__.co_firstlineno
    assert [site.frames[0].line - first for site in finding.callers] == [1, 3]
    assert (finding.phase, function_of(finding)) == ("endpoint", "two_blocks")


@only_async
async def test_d15_a_block_of_a_sessionmaker_in_a_loop(database: Database, profile: Profiler) -> None:
    sessions = async_sessionmaker(database.async_engine)

    async def loop() -> None:
        for number in range(100, 104):
            async with sessions.begin() as session:
                session.add(tag(number))

    report = await profile.endpoint(loop)
    (finding,) = findings(report, "commit_per_row")
    assert (function_of(finding), [effect.kind for effect in finding.effects]) == ("loop", ["n_plus_one"])


async def idle(database: Database, *steps: Any) -> Finding:
    """Return what is said of steps that a transaction waits between."""
    detectors = (IdleInTransaction(seconds=0.05),)
    app, reports = guarded(detectors=detectors)

    async def endpoint_async() -> None:
        async with database.async_session() as session:
            for step in steps:
                await session.run_sync(step)
                await asyncio.sleep(0.1)
            await session.commit()

    def endpoint() -> None:
        with database.session() as session:
            for step in steps:
                step(session)
                asyncio.run(asyncio.sleep(0.1))
            session.commit()

    app.post("/")(endpoint_async if database.is_async else endpoint)
    await visit(app, "/", method="POST")
    return max(findings(only(reports), "idle_in_transaction"), key=lambda finding: "wrote" in finding.summary)


def read(session: Session) -> None:
    session.execute(select(User))


def write(session: Session) -> None:
    session.add(tag(100))
    session.flush()


def write_and_commit(session: Session) -> None:
    write(session)
    session.commit()


async def test_d12_what_was_written_after_the_gap_is_not_counted(database: Database) -> None:
    summary = ""
    for _ in range(5):  # a machine that stalls between the write and the commit makes a gap of its own
        summary = (await idle(database, read, write_and_commit)).summary
        if "it had written" not in summary:
            return
    raise AssertionError(summary)


async def test_d12_what_was_written_before_the_gap_is_counted(database: Database) -> None:
    assert "; it had written 1 row" in (await idle(database, write)).summary


@only_async
async def test_d12_a_stream_that_waits_names_its_own_line(database: Database) -> None:
    app, reports = guarded(detectors=(IdleInTransaction(seconds=0.05),))

    async def session() -> AsyncIterator[AsyncSession]:
        async with database.async_session() as session:
            yield session

    @app.get("/")
    async def stream(session: Any = Depends(session)) -> StreamingResponse:
        await session.execute(select(User))

        async def ticks() -> AsyncIterator[str]:
            for _ in range(20):
                yield "tick"
                await asyncio.sleep(0.025)

        return StreamingResponse(ticks())

    await visit(app, "/")
    lines = {function_of(finding) for finding in findings(only(reports), "idle_in_transaction")}
    assert lines == {"ticks"}


def severities(report: Report) -> list[str]:
    return [finding.severity for finding in findings(report, "failed_statement")]


def add_again(session: Session) -> None:
    session.execute(text("INSERT INTO tags (id, name) VALUES (1, 'x')"))


def rolled_back_to_a_savepoint(session: Session) -> None:
    session.execute(text("INSERT INTO tags (id, name) VALUES (100, 'x')"))
    with pytest.raises(IntegrityError), session.begin_nested():
        add_again(session)
    session.commit()


def sent_again(session: Session) -> None:
    for number in (1, 101):
        try:
            session.execute(text("INSERT INTO tags (id, name) VALUES (:id, 'x')"), {"id": number})
        except IntegrityError:
            session.rollback()
        else:
            break
    session.commit()


def caught(session: Session) -> None:
    try:
        add_again(session)
    except IntegrityError:
        session.rollback()
        session.execute(select(Tag))


def nothing_follows(session: Session) -> None:
    with pytest.raises(IntegrityError):
        add_again(session)


@pytest.mark.parametrize("body", [rolled_back_to_a_savepoint, sent_again, caught])
async def test_d22_a_refusal_that_was_dealt_with_is_information_in_blocks(profile: Profiler, body: Any) -> None:
    assert severities(await profile.block(body)) == ["info"]


async def test_d22_a_refusal_that_nothing_follows_is_a_warning_in_blocks(profile: Profiler) -> None:
    assert severities(await profile.block(nothing_follows)) == ["warning"]


class Require:
    """A dependency that looks a tag up, as a check of permissions does."""

    def __init__(self, sessions: Any, *numbers: int) -> None:
        self.sessions, self.numbers = sessions, numbers

    async def __call__(self) -> None:
        async with self.sessions() as session:
            for number in self.numbers:
                await session.execute(select(Tag).where(Tag.id == number))


def require(sessions: Any, *numbers: int) -> Any:
    async def permission() -> None:
        async with sessions() as session:
            for number in numbers:
                await session.execute(select(Tag).where(Tag.id == number))

    return permission


@only_async
@pytest.mark.parametrize("made", [Require, require])
@pytest.mark.parametrize(("each", "kinds"), [((1,), []), ((1, 2), ["n_plus_one"])])
async def test_s7_parametrised_dependencies_are_no_loop_unless_they_loop(
    database: Database, profile: Profiler, made: Any, each: tuple[int, ...], kinds: list[str]
) -> None:
    sessions = async_sessionmaker(database.async_engine)
    checks = [Depends(made(sessions, *[10 * n + k for k in each])) for n in (1, 2, 3)]

    async def endpoint() -> None:
        return None

    report = await profile.endpoint(endpoint, route={"dependencies": checks})
    assert [finding.kind for finding in report.findings if finding.kind == "n_plus_one"] == kinds
    if not kinds:
        assert "not N+1: 3 dependencies share this code, and sent one each" in [one.reason for one in report.silences]
