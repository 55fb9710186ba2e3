"""Whose a statement is: of which task or thread, of which flush, and of a window that watches its engine."""

from __future__ import annotations

import asyncio
from threading import get_ident

import pytest
from sqlalchemy import Engine, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.live.pools import watch_of
from query_guard.capture.window.counting_recorder import CountingRecorder
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Statement
from tests.models import Base, Tag


def sent(engine: Engine) -> Statement:
    with record("job") as recording, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    [row] = recording.report.facts.statements
    return row


def test_without_an_event_loop_a_statement_is_of_its_thread_and_blocks_nothing() -> None:
    row = sent(create_engine("sqlite://"))
    assert (row.task, row.blocking) == (get_ident(), False)


@pytest.mark.asyncio
async def test_a_driver_that_does_not_await_blocks_the_loop_of_its_thread() -> None:
    row = sent(create_engine("sqlite://"))
    assert (row.task, row.blocking) == (get_ident(), True)
    apart = await asyncio.to_thread(sent, create_engine("sqlite://"))
    assert (apart.task != get_ident(), apart.blocking) == (True, False)


@pytest.mark.asyncio
async def test_a_driver_that_awaits_is_of_its_task_and_blocks_nothing() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    with record("job") as recording:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    await engine.dispose()
    [row] = recording.report.facts.statements
    assert (row.task, row.blocking) == (id(asyncio.current_task()), False)


def test_only_the_writes_of_a_flush_are_of_it() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with record("job") as recording, Session(engine) as session:
        session.add_all([Tag(id=1, name="one")])
        session.flush()
        session.add(Tag(id=2, name="two"))
        session.scalars(select(Tag)).all()  # flushes first
        session.execute(insert(Tag).values(id=3, name="three"))
        with session.no_autoflush, pytest.raises(IntegrityError):
            session.add(Tag(id=3, name="again"))
            session.flush()
        session.rollback()
        session.execute(insert(Tag).values(id=4, name="four"))
    engine.dispose()
    flushes = [row.flush for row in recording.report.facts.statements]
    first, second, read, written, failed, later = flushes
    assert (read, written, later) == (0, 0, 0)
    assert 0 < first < second < failed


@pytest.mark.query_guard(mode="off")  # a test that is recorded has a watcher, and then no window is alone
@pytest.mark.parametrize("kind", [Recorder, CountingRecorder])
def test_a_window_that_watches_some_engines_has_the_statements_of_these_only(kind: type[Recorder]) -> None:
    install()
    watched, other = (create_engine("sqlite://", poolclass=StaticPool) for _ in range(2))
    for engine in (watched, other):
        engine.connect().close()
    recorder = kind(frozenset([watch_of(watched.pool).engine.serial]))
    with open_window(recorder):
        for engine in (watched, other, watched):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
    assert recorder.query_count == 2
