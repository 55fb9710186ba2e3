"""A statement that waited for a lock is told apart from one with a slow plan."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from query_guard import Finding, QueryGuard, Report, defaults, record
from query_guard.detectors import SlowStatement
from query_guard.records import NO_INFO, Clauses, Statement, Writer
from tests.databases import Database
from tests.reports import ENGINE, facts_of, statement

PLAN = "Look at its plan with EXPLAIN"


def fix_of(row: Statement, *writers: Writer) -> str:
    (finding,) = SlowStatement()(facts_of(row, writers=writers))
    assert isinstance(finding, Finding)
    return finding.fix


def slow(**fields: Any) -> Statement:
    given = {"start": 1.0, "duration": 0.5, "operation": "UPDATE", "tables": ("rows",), "writes": ("rows",)}
    return statement(**{**given, **fields})


def writer(start: float = 0.9, end: float = 1.5, serial: int = 7, tables: tuple[str, ...] = ("rows",)) -> Writer:
    return Writer(serial, "POST /hold", start, end, tables, 1)


def test_whoever_had_written_to_the_table_is_named() -> None:
    assert fix_of(slow(), writer()) == (
        "It may have waited for a lock: POST /hold held a transaction open for 600 ms that had written to rows; commit "
        "that one sooner, before it waits for anything"
    )


@pytest.mark.parametrize(
    "beside",
    [
        writer(end=1.1),
        writer(tables=("others",)),
        writer(serial=1),
        writer()._replace(engine=0),
        writer()._replace(engine=2),
        writer(start=1.3, end=9.0),
        writer(start=0.1, end=0.9),
    ],
    ids=[
        "only at its beginning",
        "to another table",
        "its own transaction",
        "in another database",
        "in a further database",
        "only at its end",
        "before it",
    ],
)
def test_others_are_not_named(beside: Writer) -> None:
    assert fix_of(slow(), beside).startswith(PLAN)


@pytest.mark.parametrize(("until", "named"), [(1.24, False), (1.25, True)])
def test_the_holder_had_written_for_at_least_half_of_the_statements_time(until: float, named: bool) -> None:
    assert ("POST /hold" in fix_of(slow(), writer(end=until))) is named


def test_of_several_holders_the_one_is_named_that_the_statement_spent_most_time_with() -> None:
    longer = writer(start=1.1, serial=8)._replace(name="POST /hold-longer")
    for writers in ((writer(end=1.3), longer), (longer, writer(end=1.3))):
        assert "POST /hold-longer held a transaction open for 400 ms" in fix_of(slow(), *writers)


@pytest.mark.parametrize("error", ["DeadlockDetected", "LockNotAvailable"])
def test_what_failed_while_it_waited_is_reported_by_its_error_alone(error: str) -> None:
    assert list(SlowStatement()(facts_of(slow(error=error), slow(error="QueryCanceled")))) == list(
        SlowStatement()(facts_of(slow(error="QueryCanceled")))
    )


def test_a_select_that_locks_may_wait_too() -> None:
    locking = NO_INFO._replace(clauses=Clauses(lock=".with_for_update()"))
    assert "POST /hold" in fix_of(slow(operation="SELECT", writes=(), info=locking), writer())


def test_a_lock_in_the_text_is_one_too() -> None:
    assert "POST /hold" in fix_of(slow(operation="SELECT", writes=(), sql="SELECT id FROM rows FOR UPDATE"), writer())


def test_only_the_tables_that_both_of_them_use_are_named() -> None:
    row, tables = slow(tables=("others", "rows"), writes=("rows",)), ("first", "others", "rows")
    assert " that had written to others, rows; commit " in fix_of(row, writer(tables=tables))


BY_KEY = NO_INFO._replace(unique=True)


@pytest.mark.parametrize(
    ("fields", "may_have_waited"),
    [
        ({"info": BY_KEY}, True),
        ({"info": BY_KEY, "writes": ()}, False),
        ({"info": BY_KEY._replace(clauses=Clauses(lock=".with_for_update()")), "writes": ()}, True),
        ({"info": NO_INFO}, False),
        ({"info": BY_KEY, "engine": ENGINE._replace(is_server=False)}, False),
    ],
)
def test_what_finds_its_row_by_a_key_on_a_server_and_locks_it_may_have_waited(
    fields: dict[str, Any], may_have_waited: bool
) -> None:
    assert fix_of(slow(**fields)).startswith("It finds its row by a key") is may_have_waited


def test_a_select_that_takes_no_lock_waits_for_none() -> None:
    assert fix_of(slow(operation="SELECT", writes=()), writer()).startswith(PLAN)


def test_a_write_by_key_may_have_waited_for_somebody_unseen() -> None:
    fix = fix_of(slow(info=NO_INFO._replace(unique=True)))
    assert fix.startswith("It finds its row by a key, so it may have waited for a lock")
    assert PLAN in fix


@pytest.mark.asyncio
@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_the_request_that_held_the_lock_is_named(database: Database) -> None:
    """The holder goes on once the server says that somebody waits for it, and for a little longer."""
    engine = create_async_engine(database.url)
    reports: list[Report] = []
    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[reports.append], detectors=defaults(SlowStatement(seconds=0.1)))
    has_written = asyncio.Event()

    @app.post("/hold")
    async def hold() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE tags SET name = 'held' WHERE id = 1"))
            has_written.set()
            async with engine.connect() as other:
                waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                while not (await other.execute(text(waiting))).scalar():
                    await other.rollback()
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)

    @app.post("/wait")
    async def wait() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE tags SET name = 'had' WHERE id = 1"))

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        holding = asyncio.create_task(client.post("/hold"))
        await has_written.wait()
        await client.post("/wait")
        await holding
    await engine.dispose()
    (waited,) = [report for report in reports if report.request.route == "/wait"]
    (finding,) = [finding for finding in waited.findings if finding.kind == "slow_statement"]
    assert finding.fix.startswith("It may have waited for a lock: POST /hold held a transaction open for ")
    assert " that had written to tags; " in finding.fix


@pytest.mark.asyncio
@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_in_a_block_the_two_of_a_deadlock_wait_for_each_other(database: Database) -> None:
    engine = create_async_engine(database.url)
    both_have_written = asyncio.Barrier(2)

    async def swap(first: int, second: int) -> None:
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE tags SET name = 'swapped' WHERE id = {first}"))
            await both_have_written.wait()
            await connection.execute(text(f"UPDATE tags SET name = 'swapped' WHERE id = {second}"))

    with record("swaps", detectors=[SlowStatement(seconds=0.1)]) as recording:
        await asyncio.gather(swap(1, 2), swap(2, 1), return_exceptions=True)
    await engine.dispose()
    fixes = {finding.fix.partition(": ")[0] for finding in recording.findings}
    assert fixes == {"It may have waited for a lock"}
