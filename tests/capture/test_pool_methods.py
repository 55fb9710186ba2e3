"""Checkouts: waits, holds and numbers of each kind of pool."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import Engine, Pool, create_engine, event, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, QueuePool, SingletonThreadPool, StaticPool

from query_guard import record
from query_guard.capture.hooks import pool_methods
from query_guard.records import Checkout
from tests.serving import guarded, visit


def checkouts(*, pool: type[Pool], path: Path, times: int = 2) -> tuple[Checkout, ...]:
    engine = create_engine(f"sqlite:///{path / 'pool.db'}", poolclass=pool)
    with record() as recording:
        for _ in range(times):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
    engine.dispose()
    return recording.report.facts.checkouts


@pytest.mark.parametrize("pool", [QueuePool, NullPool, StaticPool, SingletonThreadPool])
def test_each_kind_of_pool_has_its_checkouts(pool: type[Pool], tmp_path: Path) -> None:
    rows = checkouts(pool=pool, path=tmp_path)
    assert [row.outcome for row in rows] == ["returned", "returned"]
    assert all(row.hold is not None and row.hold >= row.busy > 0 for row in rows)
    assert all(row.wait >= 0 for row in rows)


def test_a_connection_that_was_made_before_the_window_is_no_part_of_its_checkouts(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'pool.db'}")
    with record() as first:
        engine.connect().close()
    engine.dispose()
    engine.connect().close()  # makes another, and nobody records it
    with record() as second:
        engine.connect().close()
    engine.dispose()
    [making], [reusing] = first.report.facts.checkouts, second.report.facts.checkouts
    assert (making.connect > 0, reusing.connect) == (True, 0.0)


@pytest.mark.parametrize("pool", [QueuePool, NullPool])
def test_a_release_without_the_method_is_listened_to(
    pool: type[Pool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_class = sys.modules["sqlalchemy.pool.base"]._ConnectionRecord
    with record():
        monkeypatch.setattr(record_class, "checkin", record_class.checkin.__wrapped__)
    assert [row.outcome for row in checkouts(pool=pool, path=tmp_path)] == ["collected", "collected"]
    pool_methods.watch_checkins(object)
    try:
        assert [row.outcome for row in checkouts(pool=pool, path=tmp_path)] == ["returned", "returned"]
    finally:
        event.remove(Pool, "checkin", pool_methods.on_checkin)


def test_a_pool_without_an_engine_is_watched_like_others() -> None:
    """Its dialect is one in name only, without any method that executes."""
    connect: Any = lambda: sqlite3.connect(":memory:")  # noqa: E731
    pool = QueuePool(connect)
    with record() as recording:
        for _ in range(3):
            pool.connect().close()
    pool.dispose()
    assert recording.own_errors == {}
    assert [row.outcome for row in recording.report.facts.checkouts] == ["returned"] * 3


@pytest.mark.asyncio
async def test_a_pool_that_is_given_to_a_later_dialect_is_seen_by_it(tmp_path: Path) -> None:
    def make(**options: Any) -> Engine:
        return create_engine(f"sqlite:///{tmp_path / 'pool.db'}", **options)

    app, reports = guarded()
    pool = make().pool

    @app.get("/before")
    def before() -> None:
        pool.connect().close()

    @app.get("/after")
    def after() -> None:
        engine = make(pool=pool)

        class Own(type(engine.dialect)):  # type: ignore[misc]  # a base that only its engine knows
            supports_statement_cache = True

            def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
                cursor.execute(statement, parameters)

        engine.dialect = pool._dialect = Own()
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    await visit(app, "/before")
    await visit(app, "/after")
    pool.dispose()
    assert [report.query_count for report in reports] == [0, 1]


NUMBERS = {
    QueuePool: (5, 1, 0),
    NullPool: (None, None, None),
    StaticPool: (None, None, None),
    SingletonThreadPool: (5, None, None),
}


@pytest.mark.parametrize(("pool", "numbers"), NUMBERS.items(), ids=[pool.__name__ for pool in NUMBERS])
def test_numbers_a_pool_does_not_have_are_left_out(
    pool: type[Pool], numbers: tuple[int | None, ...], tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'pool.db'}", poolclass=pool)
    with engine.connect(), record() as recording, engine.connect() if pool is not QueuePool else engine.begin():
        pass
    (facts,) = recording.report.facts.pools
    assert facts.kind == pool.__name__
    assert facts.size == numbers[0]
    assert facts.overflow == numbers[2]
    engine.dispose()


@pytest.mark.asyncio
async def test_waits_of_an_async_pool_add_up() -> None:
    """Six tasks hold the only connection for 50 ms each: the waits are 0, 50, 100 ... 250 ms, or longer."""
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0)
    waited: list[float] = []

    async def hold() -> None:
        asked = perf_counter()
        async with engine.connect():
            waited.append(perf_counter() - asked)
            await asyncio.sleep(0.05)

    async with engine.connect():
        pass
    with record() as recording:
        await asyncio.gather(*(hold() for _ in range(6)))
    await engine.dispose()
    waits = sorted(row.wait for row in recording.report.facts.checkouts)
    assert all(wait <= seen for wait, seen in zip(waits, sorted(waited), strict=True))
    assert sum(waits) >= 0.7


def test_a_pool_timeout_is_recorded_and_raised_unchanged(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'pool.db'}", pool_size=1, max_overflow=0, pool_timeout=0.1)
    with record() as recording, engine.connect(), pytest.raises(PoolTimeoutError):
        engine.connect()
    engine.dispose()
    held, refused = recording.report.facts.checkouts
    assert (held.outcome, refused.outcome) == ("returned", "timeout")
    assert refused.wait >= 0.1


@pytest.mark.asyncio
async def test_a_cancelled_wait_is_recorded() -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0)
    with record() as recording:
        async with engine.connect():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(engine.connect().start(), 0.05)
        async with engine.connect():
            pass
    await engine.dispose()
    assert [row.outcome for row in recording.report.facts.checkouts] == ["returned", "cancelled", "returned"]


def test_a_refused_connection_is_recorded() -> None:
    engine = create_engine("sqlite:////nowhere/at/all.db", poolclass=QueuePool)
    with record() as recording, pytest.raises(Exception, match="unable to open"):
        engine.connect()
    assert [row.outcome for row in recording.report.facts.checkouts] == ["failed"]


def test_dispose_does_not_end_the_watch(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'pool.db'}")
    with record() as recording:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        engine.dispose()
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    engine.dispose()
    assert [row.outcome for row in recording.report.facts.checkouts] == ["returned", "returned"]
    assert recording.report.query_count == 2


def test_the_site_of_a_checkout_is_the_line_that_made_it(tmp_path: Path) -> None:
    (row,) = checkouts(pool=QueuePool, path=tmp_path, times=1)
    frame = row.site.innermost
    assert frame is not None
    assert (frame.file, frame.function) == ("tests/capture/test_pool_methods.py", "checkouts")


@pytest.mark.parametrize("path", [":memory:", "/nowhere/at/all.db"])
def test_the_site_of_a_pool_that_is_asked_itself_is_the_line_that_asks(path: str) -> None:
    connect: Any = lambda: sqlite3.connect(path)  # noqa: E731
    pool = QueuePool(connect)

    def ask() -> None:
        pool.connect().close()

    with record() as recording, suppress(sqlite3.OperationalError):
        ask()
    pool.dispose()
    [row] = recording.report.facts.checkouts
    assert [frame.function for frame in row.site.frames[:2]] == [
        "ask",
        "test_the_site_of_a_pool_that_is_asked_itself_is_the_line_that_asks",
    ]


def test_a_connection_checked_out_before_the_window_is_seen_in_it(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'pool.db'}")
    with engine.connect() as connection:
        with record() as recording:
            connection.execute(text("SELECT 1"))
    engine.dispose()
    assert recording.report.query_count == 1
    assert recording.report.facts.checkouts == ()


def test_a_checkout_belongs_to_its_thread() -> None:
    with record() as recording, create_engine("sqlite://").connect():
        pass
    assert [checkout.task for checkout in recording.report.facts.checkouts] == [get_ident()]


@pytest.mark.asyncio
async def test_a_checkout_under_asyncio_belongs_to_its_task() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    with record() as recording:
        async with engine.connect():
            pass
    await engine.dispose()
    assert [checkout.task for checkout in recording.report.facts.checkouts] == [id(asyncio.current_task())]
