"""The heartbeat: beats only while windows are open, keeps nothing alive, sees what stands in the way."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from query_guard import record
from query_guard.capture.event_loop import BEAT, Heart, heart_here
from tests.databases import Database

pytestmark = pytest.mark.asyncio


async def test_the_heart_beats_only_while_windows_are_open() -> None:
    heart = heart_here()
    assert heart is not None
    assert not heart.is_beating
    with record():
        await asyncio.sleep(3 * BEAT)
        assert (heart.is_beating, heart.windows) == (True, 1)
    await asyncio.sleep(3 * BEAT)
    assert (heart.is_beating, heart.windows) == (False, 0)


async def test_a_block_is_as_long_as_it_was_and_names_its_line() -> None:
    with record() as recording:
        await asyncio.sleep(2 * BEAT)
        time.sleep(0.3)
        await asyncio.sleep(2 * BEAT)
    (block,) = [block for block in recording.report.facts.loop_blocks if block.site.frames]
    assert block.duration == pytest.approx(0.3, abs=0.1)
    assert block.site.innermost is not None
    assert block.site.innermost.function == "test_a_block_is_as_long_as_it_was_and_names_its_line"


async def test_two_blocks_are_two() -> None:
    with record() as recording:
        for _ in range(2):
            await asyncio.sleep(2 * BEAT)
            time.sleep(0.2)
        await asyncio.sleep(2 * BEAT)
    assert len([block for block in recording.report.facts.loop_blocks if block.duration > 0.1]) == 2


async def test_a_block_before_the_window_is_not_of_it() -> None:
    with record():
        await asyncio.sleep(2 * BEAT)
        time.sleep(0.2)
        await asyncio.sleep(2 * BEAT)
    with record() as recording:
        await asyncio.sleep(2 * BEAT)
    assert [block for block in recording.report.facts.loop_blocks if block.duration > 0.1] == []


@pytest.mark.filterwarnings("ignore")
def test_loops_come_and_go() -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def run() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        with record() as recording:
            await asyncio.sleep(BEAT)
        assert recording.report.query_count == 0

    for _ in range(3):
        asyncio.run(run())
    gc.collect()
    assert [loop() for loop in loops] == [None, None, None]


@pytest.mark.filterwarnings("ignore")
def test_each_thread_has_the_heart_of_its_own_loop() -> None:
    async def beside(other: list[Heart | None]) -> tuple[Heart | None, Heart | None]:
        await asyncio.to_thread(lambda: other.append(asyncio.run(own())))
        return heart_here(), other[0]

    async def own() -> Heart | None:
        return heart_here()

    here, there = asyncio.run(beside([]))
    assert here is not None
    assert there is not None
    assert here is not there
    assert here.thread == threading.get_ident() != there.thread
    assert heart_here() is None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
async def test_a_forked_child_is_not_in_the_loop_of_its_parent() -> None:
    assert heart_here() is not None
    child = os.fork()
    if not child:
        os._exit(0 if heart_here() is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore")
def test_a_loop_that_is_run_by_another_thread_later_is_watched_there() -> None:
    loop = asyncio.new_event_loop()

    async def own() -> Heart | None:
        with record():
            await asyncio.sleep(3 * BEAT)
        return heart_here()

    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(loop.run_until_complete, own()).result()
    after = loop.run_until_complete(own())
    loop.close()
    assert before is after is not None
    assert after.thread == threading.get_ident()


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_the_line_that_waits_is_found_below_awaited_helpers(database: Database) -> None:
    async def helper() -> None:
        await asyncio.sleep(0.2)

    with record() as recording:
        async with AsyncSession(database.async_engine) as session:
            await session.execute(text("SELECT 1"))
            await helper()
            await session.execute(text("SELECT 2"))
    (finding,) = [one for one in recording.report.findings if one.kind == "idle_in_transaction"]
    assert [frame.function for frame in finding.site.frames] == [
        "helper",
        "test_the_line_that_waits_is_found_below_awaited_helpers",
    ]
