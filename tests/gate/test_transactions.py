"""Findings about transactions: rows D12 to D17 of the gate."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse, Response
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from query_guard import Finding, Report, defaults
from query_guard.detectors import PoolSettings
from tests.databases import Database
from tests.models import Tag, User
from tests.serving import findings, function_of, guarded, only, visit

pytestmark = pytest.mark.asyncio

CALM = tuple(detector for detector in defaults() if not isinstance(detector, PoolSettings))


def route(
    app: FastAPI, database: Database, body: Callable[[Session], Any], method: str = "POST", **options: Any
) -> None:
    """Serve a body that gets a session of its own, closed when it returns."""

    async def endpoint_async() -> Any:
        async with database.async_session(**options) as session:
            answer = await session.run_sync(body)
        return answer if isinstance(answer, Response) else None

    def endpoint() -> Any:
        with database.session(**options) as session:
            answer = body(session)
        return answer if isinstance(answer, Response) else None

    app.add_api_route("/", endpoint_async if database.is_async else endpoint, methods=[method])


async def judged(database: Database, body: Callable[[Session], Any], method: str = "POST", **options: Any) -> Report:
    app, reports = guarded(detectors=CALM)
    route(app, database, body, method, **options)
    await visit(app, "/", method=method)
    (report,) = reports
    return report


def line_of(finding: Finding) -> int:
    return finding.site.innermost.line if finding.site.innermost is not None else 0


def new_tag(number: int = 100) -> Tag:
    return Tag(id=number, name=f"new {number}")


async def test_d12_a_transaction_open_while_the_application_waits(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    async def wait_async() -> None:
        async with database.async_session() as session:
            await session.execute(select(Tag))
            for _ in range(12):  # a stall of the machine takes from one of them
                await asyncio.sleep(0.025)
            await session.execute(select(User))

    def wait() -> None:
        with database.session() as session:
            session.execute(select(Tag))
            for _ in range(12):
                time.sleep(0.025)
            session.execute(select(User))

    app.get("/")(wait_async if database.is_async else wait)
    await visit(app, "/")
    (report,) = reports
    start = wait_async.__code__.co_firstlineno if database.is_async else wait.__code__.co_firstlineno
    found = [finding for finding in findings(report, "idle_in_transaction") if line_of(finding) == start + 4]
    assert [finding.severity for finding in found] == ["warning" if database.is_server else "info"]
    assert "while this line waited" in found[0].summary
    (checkout,) = report.facts.checkouts
    assert checkout.idle_in_transaction >= 0.2


async def test_d12_time_outside_a_transaction_is_nobodys_business(database: Database) -> None:
    def wait(session: Session) -> None:
        session.execute(select(Tag))
        session.commit()
        time.sleep(0.15)
        session.execute(select(User))

    report = await judged(database, wait)
    assert [row.transaction for row in report.facts.statements] == [one.serial for one in report.facts.transactions]
    assert wait.__code__.co_firstlineno + 3 not in map(line_of, findings(report, "idle_in_transaction"))


async def test_d13_a_flush_without_commit_is_lost(database: Database) -> None:
    def lose(session: Session) -> None:
        session.add(new_tag())
        session.flush()

    (finding,) = findings(await judged(database, lose), "lost_write")
    assert (finding.severity, finding.count, function_of(finding)) == ("warning", 1, "lose")
    assert finding.remedy == ("await session.commit()" if database.is_async else "session.commit()")


LOST = {
    "core": lambda session: session.execute(insert(Tag).values(id=100, name="new")),
    "text": lambda session: session.execute(text("INSERT INTO tags (id, name) VALUES (100, 'new')")),
    "after a savepoint": lambda session: (session.begin_nested().commit(), session.add(new_tag()), session.flush()),
    "in a released savepoint": lambda session: _in_savepoint(session),
}


def _in_savepoint(session: Session) -> None:
    with session.begin_nested():
        session.add(new_tag())


@pytest.mark.parametrize("write", LOST.values(), ids=LOST.keys())
async def test_d13_however_it_was_written(database: Database, write: Callable[[Session], Any]) -> None:
    assert len(findings(await judged(database, write), "lost_write")) == 1


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
async def test_d13_a_write_inside_a_cte_is_lost_too(database: Database) -> None:
    def lose(session: Session) -> None:
        session.execute(
            text("WITH new AS (INSERT INTO tags (id, name) VALUES (100, 'x') RETURNING id) SELECT id FROM new")
        )

    assert len(findings(await judged(database, lose), "lost_write")) == 1


def _committed(session: Session) -> None:
    session.add(new_tag())
    session.commit()


def _rolled_back(session: Session) -> None:
    session.add(new_tag())
    session.flush()
    session.rollback()


def _only_read(session: Session) -> None:
    session.execute(select(Tag)).all()


def _nothing_matched(session: Session) -> None:
    session.execute(update(Tag).where(Tag.id == -1).values(name="nobody"))


def _savepoint_rolled_back(session: Session) -> None:
    savepoint = session.begin_nested()
    session.add(new_tag())
    session.flush()
    savepoint.rollback()


def _refused(session: Session) -> None:
    with pytest.raises(IntegrityError):
        session.execute(insert(Tag), [{"id": 1, "name": "taken"}])


def _forbidden(session: Session) -> JSONResponse:
    """Refused by the answer alone: with 200 in its place the write would be lost."""
    session.add(new_tag())
    session.flush()
    return JSONResponse(None, 409)


def _forbidden_by_an_exception(session: Session) -> None:
    session.add(new_tag())
    session.flush()
    raise HTTPException(409, "no")


def _begin_block_left_by_an_exception(session: Session) -> None:
    with pytest.raises(ValueError, match="handled"), session.begin():
        session.add(new_tag())
        session.flush()
        raise ValueError("handled")


KEPT = (
    _committed, _rolled_back, _only_read, _nothing_matched, _savepoint_rolled_back, _refused, _forbidden,
    _forbidden_by_an_exception, _begin_block_left_by_an_exception,
)  # fmt: skip


@pytest.mark.parametrize("body", KEPT, ids=[body.__name__.strip("_") for body in KEPT])
async def test_d13_is_silent(database: Database, body: Callable[[Session], Any]) -> None:
    assert not findings(await judged(database, body), "lost_write")


async def test_d13_is_silent_on_autocommit(database: Database) -> None:
    def write(session: Session) -> None:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        session.execute(insert(Tag).values(id=100, name="new"))

    report = await judged(database, write)
    assert not findings(report, "lost_write")
    assert [one.autocommit for one in report.facts.transactions if one.statements] == [True]


def lose(session: Session) -> None:
    session.add(new_tag())
    session.flush()


def commit_one_by_one(session: Session) -> None:
    for number in range(4):
        session.add(Tag(id=200 + number, name=f"new {number}"))
        session.commit()


def commit_twice(session: Session) -> None:
    session.add(Tag(id=200, name="first"))
    session.commit()
    session.add(Tag(id=201, name="second"))
    session.commit()


def commit_once_with_savepoints(session: Session) -> None:
    for number in range(4):
        with session.begin_nested():
            session.add(Tag(id=200 + number, name=f"new {number}"))
    session.commit()


OF_TRANSACTIONS = frozenset(("lost_write", "commit_per_row", "split_transaction", "connection_leak"))


@pytest.mark.parametrize("mode", ["create_savepoint", "rollback_only", "control_fully", "conditional_savepoint"])
@pytest.mark.parametrize(
    ("body", "found"),
    [
        (lose, {"lost_write"}),
        (commit_one_by_one, {"commit_per_row"}),
        (commit_twice, {"split_transaction"}),
        (commit_once_with_savepoints, set()),
    ],
)
async def test_inside_an_outer_test_transaction_only_its_own_savepoints_stand_for_transactions(
    database: Database, mode: Any, body: Callable[[Session], None], found: set[str]
) -> None:
    app, reports = guarded(detectors=CALM)
    if database.is_async:
        assert database.async_engine is not None
        async with database.async_engine.connect() as connection:
            await connection.begin()

            @app.post("/")
            async def endpoint_async() -> None:
                async with AsyncSession(connection, join_transaction_mode=mode) as session:
                    await session.run_sync(body)

            await visit(app, "/", method="POST")
    else:
        assert database.engine is not None
        with database.engine.connect() as sync_connection:
            sync_connection.begin()

            def endpoint() -> None:
                with Session(sync_connection, join_transaction_mode=mode) as session:
                    body(session)

            app.post("/")(_in_this_thread(endpoint))
            await visit(app, "/", method="POST")
    kinds = {finding.kind for finding in only(reports).findings} & OF_TRANSACTIONS
    assert kinds == (found if mode == "create_savepoint" else set())


def _in_this_thread(endpoint: Callable[[], None]) -> Callable[..., Any]:
    """SQLite's connections stay in the thread that made them."""

    async def serve() -> None:
        endpoint()

    return serve


async def test_d14_two_committed_write_transactions(database: Database) -> None:
    def transfer(session: Session) -> None:
        session.add(new_tag(100))
        session.commit()
        session.add(new_tag(101))
        session.commit()

    (finding,) = findings(await judged(database, transfer), "split_transaction")
    assert (finding.severity, finding.count, function_of(finding)) == ("info", 2, "transfer")


async def test_d14_one_transaction_with_savepoints_is_one(database: Database) -> None:
    def transfer(session: Session) -> None:
        for number in (100, 101, 102):
            with session.begin_nested():
                session.add(new_tag(number))
        session.commit()
        session.execute(select(Tag)).all()
        session.commit()

    assert not findings(await judged(database, transfer), "split_transaction")


async def test_d15_a_commit_in_the_loop(database: Database) -> None:
    def one_by_one(session: Session) -> None:
        for number in (100, 101, 102):
            session.add(new_tag(number))
            session.commit()

    report = await judged(database, one_by_one)
    (finding,) = findings(report, "commit_per_row")
    assert (finding.severity, finding.count, function_of(finding)) == ("warning", 3, "one_by_one")
    assert not findings(report, "split_transaction")


async def test_d15_chunks_are_no_rows(database: Database) -> None:
    def in_chunks(session: Session) -> None:
        for start in (100, 200, 300):
            session.add_all([new_tag(start + n) for n in range(50)])
            session.commit()

    assert not findings(await judged(database, in_chunks), "commit_per_row")


async def test_d16_a_dependency_that_commits_after_yield(database: Database) -> None:
    report = await dependency_that_commits(database)
    (finding,) = findings(report, "commit_after_response")
    assert (finding.severity, finding.phase) == ("warning", "teardown")
    assert function_of(finding).startswith("session_that_commits")
    assert not findings(report, "lost_write")


async def test_d16_is_silent_when_the_dependency_ends_before_the_response(database: Database) -> None:
    can_end_before = "scope" in inspect.signature(Depends).parameters  # an older FastAPI ends each after the response
    report = await dependency_that_commits(database, **({"scope": "function"} if can_end_before else {}))
    assert [(one.outcome, one.writes, one.after_response) for one in report.facts.committed_writes] == [
        ("committed", 1, not can_end_before)
    ]
    assert len(findings(report, "commit_after_response")) == (0 if can_end_before else 1)


async def dependency_that_commits(database: Database, **options: Any) -> Report:
    app, reports = guarded(detectors=CALM)

    async def session_that_commits_async() -> AsyncIterator[AsyncSession]:
        async with database.async_session() as session:
            yield session
            await session.commit()

    def session_that_commits() -> Iterator[Session]:
        with database.session() as session:
            yield session
            session.commit()

    if database.is_async:

        @app.post("/")
        async def create_async(
            session: AsyncSession = Depends(session_that_commits_async, **options),
        ) -> None:
            session.add(new_tag())

    else:

        @app.post("/")
        def create(session: Session = Depends(session_that_commits, **options)) -> None:
            session.add(new_tag())

    await visit(app, "/", method="POST")
    return only(reports)


WRITES = {
    "update": lambda session: session.execute(update(Tag).values(name="seen")),
    "text": lambda session: session.execute(text("DELETE FROM tags WHERE id = 77")),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_d17_a_write_in_a_read_request(database: Database, write: Callable[[Session], Any], method: str) -> None:
    def work(session: Session) -> None:
        write(session)
        session.commit()

    found = findings(await judged(database, work, method), "write_in_read_request")
    assert [finding.severity for finding in found] == ([] if method == "POST" else ["info"])


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
async def test_d17_a_write_inside_a_cte(database: Database) -> None:
    def count_visit(session: Session) -> None:
        session.execute(text("WITH seen AS (UPDATE tags SET name = 'seen' RETURNING id) SELECT count(*) FROM seen"))
        session.commit()

    (finding,) = findings(await judged(database, count_visit, "GET"), "write_in_read_request")
    assert function_of(finding) == "count_visit"
