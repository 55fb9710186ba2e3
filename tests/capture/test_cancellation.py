"""Real cancellations, in the middle of a wait, a statement and a commit: every counter stays right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event, insert, text

from query_guard import Report, record
from query_guard.capture.live.pools import watch_of
from tests.databases import Database
from tests.models import Tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.parametrize("driver", ["asyncpg"], indirect=True),
]


@pytest_asyncio.fixture
async def narrow(database: Database) -> AsyncIterator[Database]:
    one = Database(database.driver, database.url, pool_size=1, max_overflow=0)
    async with one.async_session() as session:
        await session.execute(text("SELECT 1"))
    yield one
    await one.dispose()


async def cancelled(work: Callable[[], Awaitable[Any]], after: float = 0.1) -> Report:
    with record() as recording:
        task = asyncio.ensure_future(work())
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    return recording.report


def holders(database: Database) -> int:
    assert database.async_engine is not None
    return len(watch_of(database.async_engine.sync_engine.pool).holders)


async def is_usable(database: Database) -> bool:
    async with database.async_session() as session:
        return bool(await session.scalar(text("SELECT 1")))


async def test_in_the_middle_of_a_wait(narrow: Database) -> None:
    async def ask() -> None:
        async with narrow.async_session() as session:
            await session.execute(text("SELECT 1"))

    async with narrow.async_session() as session:
        await session.execute(text("SELECT 1"))
        report = await cancelled(ask)
    assert [(one.outcome, one.wait >= 0.05) for one in report.facts.checkouts] == [("cancelled", True)]
    assert (report.query_count, holders(narrow)) == (0, 0)
    assert await is_usable(narrow)


async def test_in_the_middle_of_a_statement(narrow: Database) -> None:
    async def sleep() -> None:
        async with narrow.async_session() as session:
            await session.execute(text("SELECT pg_sleep(5)"))

    report = await cancelled(sleep)
    (row,) = report.facts.statements
    assert (row.error, 0.05 <= row.duration < 4) == ("CancelledError", True)
    (checkout,) = report.facts.checkouts
    assert checkout.outcome in ("returned", "invalidated")
    assert checkout.busy == pytest.approx(row.duration, rel=0.2)
    assert [one.outcome for one in report.facts.transactions] == ["rolled back"]
    assert holders(narrow) == 0
    assert await is_usable(narrow)


async def test_in_the_middle_of_a_commit(narrow: Database) -> None:
    """A deferred trigger makes COMMIT take its time, and the cancellation strikes inside it."""
    async with narrow.async_session() as session:
        await session.execute(
            text("CREATE OR REPLACE FUNCTION slowly() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(5); RETURN NULL; END' "
                 "LANGUAGE plpgsql")
        )  # fmt: skip
        await session.execute(text("DROP TRIGGER IF EXISTS slow_commit ON tags"))
        await session.execute(
            text("CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON tags DEFERRABLE INITIALLY DEFERRED "
                 "FOR EACH ROW EXECUTE FUNCTION slowly()")
        )  # fmt: skip
        await session.commit()

    async def write() -> None:
        async with narrow.async_session() as session:
            await session.execute(insert(Tag).values(id=900, name="slow"))
            await session.commit()

    try:
        report = await cancelled(write, 0.2)
    finally:
        async with narrow.async_session() as session:
            await session.execute(text("DROP TRIGGER slow_commit ON tags"))
            await session.commit()
    (transaction,) = report.facts.transactions
    assert (transaction.outcome, transaction.writes, transaction.statements) == ("failed", 1, 1)
    assert transaction.end is not None
    assert [one.outcome for one in report.facts.checkouts] in (["returned"], ["invalidated"])
    assert not [finding for finding in report.findings if finding.kind == "lost_write"]
    assert holders(narrow) == 0
    assert await is_usable(narrow)


async def test_while_a_connection_is_made(narrow: Database) -> None:
    assert narrow.async_engine is not None
    await narrow.dispose()

    async def connect() -> None:
        async with narrow.async_session() as session:
            await session.execute(text("SELECT 1"))

    @event.listens_for(narrow.async_engine.sync_engine, "do_connect")
    def slowly(dialect: Any, record: Any, args: Any, options: Any) -> None:
        from sqlalchemy.util import await_only

        await_only(asyncio.sleep(5))

    report = await cancelled(connect)
    event.remove(narrow.async_engine.sync_engine, "do_connect", slowly)
    assert [one.outcome for one in report.facts.checkouts] == ["cancelled"]
    assert holders(narrow) == 0
    assert await is_usable(narrow)
