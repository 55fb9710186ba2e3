"""Who holds what: waits against arithmetic, names, and that nothing is kept alive."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from query_guard import record
from query_guard.capture.live.holders import holders_of, live_pools
from query_guard.capture.live.pools import watch_of
from tests.databases import Database
from tests.serving import guarded, visit

pytestmark = pytest.mark.asyncio

ONE = text("SELECT 1")


async def test_twenty_requests_fight_for_two_connections(database: Database) -> None:
    """Each holds one for 50 ms, so that pairs wait 0, 50, 100 ... 450 ms: 4.5 s in all."""
    narrow = Database(database.driver, database.url, pool_size=2, max_overflow=0)
    app, reports = guarded()

    waits: list[float] = []
    holds: list[float] = []

    async def hold_async() -> None:
        async with narrow.async_session() as session:
            asked = time.perf_counter()
            await session.connection()
            had = time.perf_counter()
            await asyncio.sleep(0.05)
        note(asked, had)

    def hold() -> None:
        with narrow.session() as session:
            asked = time.perf_counter()
            session.connection()
            had = time.perf_counter()
            time.sleep(0.05)
        note(asked, had)

    def note(asked: float, had: float) -> None:
        waits.append(had - asked)
        holds.append(time.perf_counter() - had)

    app.get("/")(hold_async if database.is_async else hold)
    await visit(app, "/", "/")
    for seen in (reports, waits, holds):
        seen.clear()
    began = time.perf_counter()
    responses = await visit(app, *["/"] * 20)
    took = time.perf_counter() - began
    await narrow.dispose()
    assert {response.status_code for response in responses} == {200}
    facts = [report.facts for report in reports]
    assert all(one.held_time >= 0.05 and one.wait_time + one.held_time <= one.duration for one in facts)
    held, waited = (sum(times) for times in zip(*((one.held_time, one.wait_time) for one in facts), strict=True))
    assert held <= 2 * took  # there are two connections, whatever the machine does
    # the application's own clock stops later, and a machine that stalls in between makes it a little later still
    assert sum(waits) / 2 <= waited <= sum(waits)
    assert sum(holds) / 2 <= held <= 2 * sum(holds)
    assert waited >= 1.0  # 4.5 where all twenty come at once


async def test_holders_are_named_with_what_they_do(database: Database) -> None:
    def hold(session: Session) -> Any:
        session.execute(ONE)
        return holders_of(watch_of(session.connection().engine.pool))

    with record("nightly job"):
        (holder,) = await database.run(hold)
    assert (holder.name, holder.doing, holder.suspected) == ("nightly job", "idle in transaction", False)
    assert holder.site.innermost is not None
    assert holder.site.innermost.function == "hold"
    assert str(holder).startswith("nightly job at tests/capture/test_holders.py:")


async def test_sessions_and_connections_are_not_kept_alive(database: Database) -> None:
    seen: list[weakref.ref[Any]] = []

    def use(session: Session) -> None:
        seen.append(weakref.ref(session))
        seen.append(weakref.ref(session.connection()))
        seen.append(weakref.ref(session.connection().connection))
        session.execute(ONE)

    with record() as recording:
        await database.run(use)
    gc.collect()
    assert [ref() for ref in seen] == [None, None, None]
    assert recording.report.facts.checkouts[0].outcome == "returned"


async def test_pools_of_disposed_engines_are_forgotten(database: Database) -> None:
    other = Database(database.driver, database.url)
    with record():
        await other.run(lambda session: session.execute(ONE).all())
    engine = other.async_engine.sync_engine if other.async_engine else other.engine
    assert engine is not None
    serial = watch_of(engine.pool).serial
    assert serial in {pool.serial for pool, *_ in live_pools()}
    await other.dispose()
    del engine, other
    gc.collect()
    assert serial not in {pool.serial for pool, *_ in live_pools()}


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_an_invalidated_connection_is_distinguished_from_a_returned_one(database: Database) -> None:
    with record() as recording:
        async with AsyncSession(database.async_engine) as session:
            await session.execute(ONE)
            await session.invalidate()
    assert [one.outcome for one in recording.report.facts.checkouts] == ["invalidated"]
