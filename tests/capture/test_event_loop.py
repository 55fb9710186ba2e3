"""The heartbeat: beats only while windows are open, keeps nothing alive, sees what stands in the way."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from query_guard import record
from query_guard.capture.live import event_loop
from query_guard.capture.live.blocker import Blocker
from query_guard.capture.live.event_loop import BEAT, Heartbeat, heartbeat_here
from query_guard.recording import Recording
from query_guard.records import NOWHERE, CallSite, LoopBlock
from tests.databases import Database
from tests.reports import SITE

PATIENCE = 30
"""Seconds after which a test gives up."""


@pytest.mark.asyncio
async def test_the_heart_beats_only_while_windows_are_open() -> None:
    heartbeat = heartbeat_here()
    assert heartbeat is not None
    assert not heartbeat.is_active
    with record():
        await asyncio.sleep(3 * BEAT)
        assert (heartbeat.is_active, heartbeat.windows) == (True, 1)
    await asyncio.sleep(3 * BEAT)
    assert (heartbeat.is_active, heartbeat.windows) == (False, 0)


def block() -> None:
    """Hold up the loop, for a fifth of a second and until the watchdog has seen it, however busy the machine is."""
    heartbeat = heartbeat_here()
    assert heartbeat is not None
    began = time.perf_counter()
    while time.perf_counter() - began < 0.2 or heartbeat.blocker is None:
        assert time.perf_counter() - began < PATIENCE, "no watchdog has looked"
        time.sleep(0.01)


def blocks_of(recording: Recording) -> list[LoopBlock]:
    """Return the times in which `block` ran: a busy machine may have held up the loop elsewhere."""
    blocks = recording.report.facts.loop_blocks
    return [one for one in blocks if one.site.innermost is not None and one.site.innermost.function == "block"]


@pytest.mark.asyncio
async def test_a_block_is_as_long_as_it_was_and_names_its_line() -> None:
    with record() as recording:
        before = time.perf_counter()
        await asyncio.sleep(2 * BEAT)
        block()
        await asyncio.sleep(2 * BEAT)
        after = time.perf_counter()
    (blocked,) = blocks_of(recording)
    assert 0.2 - BEAT <= blocked.duration <= after - before - BEAT
    assert [frame.function for frame in blocked.site.frames] == [
        "block",
        "test_a_block_is_as_long_as_it_was_and_names_its_line",
    ]


@pytest.mark.asyncio
async def test_two_blocks_are_two() -> None:
    with record() as recording:
        for _ in range(2):
            await asyncio.sleep(2 * BEAT)
            block()
        await asyncio.sleep(2 * BEAT)
    assert len(blocks_of(recording)) == 2


@pytest.mark.asyncio
async def test_a_block_before_the_window_is_not_of_it() -> None:
    with record() as before:
        await asyncio.sleep(2 * BEAT)
        block()
        await asyncio.sleep(2 * BEAT)
    with record() as recording:
        await asyncio.sleep(2 * BEAT)
    assert (len(blocks_of(before)), len(blocks_of(recording))) == (1, 0)


class Clock:
    """A clock that only the test moves, in place of `perf_counter`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(event_loop, "perf_counter", clock)
    return clock


@pytest.fixture
def heartbeat() -> Iterator[Heartbeat]:
    """Give a heartbeat whose loop is not running, so that nobody but the test lets it beat."""
    loop = asyncio.new_event_loop()
    heartbeat = Heartbeat(loop)
    heartbeat.is_active = True
    yield heartbeat
    loop.close()


@pytest.mark.parametrize(("late", "blocks"), [(0.0249, []), (0.0251, [LoopBlock(100.0, 100.0251)])])
def test_a_beat_is_late_from_a_whole_beat_on(
    clock: Clock, heartbeat: Heartbeat, late: float, blocks: list[LoopBlock]
) -> None:
    heartbeat.due = 100.0
    clock.now = 100.0 + late
    heartbeat.settle()
    assert list(heartbeat.blocks) == blocks


def test_a_heart_that_does_not_beat_is_never_late(clock: Clock, heartbeat: Heartbeat) -> None:
    heartbeat.is_active, heartbeat.due = False, 0.0
    heartbeat.settle()
    assert list(heartbeat.blocks) == []


@pytest.mark.parametrize(
    ("running", "is_blamed"), [(("a", "a"), True), (("a", "b"), False)], ids=["one long turn", "many short turns"]
)
def test_only_a_turn_that_goes_on_is_blamed(
    heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch, running: tuple[str, str], is_blamed: bool
) -> None:
    tasks = iter(running)
    monkeypatch.setattr(event_loop, "_running_task", lambda _: next(tasks))
    monkeypatch.setattr(event_loop, "window_of", lambda _: None)
    event_loop._note_blocker(heartbeat)
    assert (heartbeat.blocker is not None) == is_blamed


def test_a_turn_that_ended_meanwhile_is_not_blamed(heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch) -> None:
    def beat(_: float) -> None:
        heartbeat.due += BEAT

    monkeypatch.setattr(event_loop, "sleep", beat)
    event_loop._note_blocker(heartbeat)
    assert heartbeat.blocker is None


@pytest.mark.parametrize(
    ("keys", "is_blamed"), [((1, 1), True), ((1, 2), False)], ids=["the same line", "another line"]
)
def test_a_callback_of_no_task_is_blamed_if_its_line_is_still_running(
    heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch, keys: tuple[int, int], is_blamed: bool
) -> None:
    sites = iter([SITE._replace(key=key) for key in keys])
    monkeypatch.setattr(event_loop, "_running_task", lambda _: None)
    monkeypatch.setattr(event_loop, "call_site", lambda _: next(sites))
    monkeypatch.setattr(event_loop, "sleep", lambda _: None)
    event_loop._note_blocker(heartbeat)
    assert (heartbeat.blocker is not None) == is_blamed
    assert heartbeat.blocker is None or heartbeat.blocker.request == 0


def test_a_line_that_is_in_no_application_is_not_blamed(heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "call_site", lambda _: NOWHERE)
    event_loop._note_blocker(heartbeat)
    assert heartbeat.blocker is None


@pytest.mark.parametrize("keep", [True, False])
def test_a_heart_does_not_beat_in_a_loop_that_is_closed_or_gone(clock: Clock, keep: bool) -> None:
    loop: asyncio.AbstractEventLoop | None = asyncio.new_event_loop()
    assert loop is not None
    heart = Heartbeat(loop)
    loop.close()
    loop = loop if keep else None
    gc.collect()
    heart.begin()
    assert (heart.due, heart.loop() is None) == (0.0, not keep)


def test_only_open_loops_are_watched() -> None:
    loops = [asyncio.new_event_loop() for _ in range(2)]
    hearts = [Heartbeat(loop) for loop in loops]
    for loop, heart in zip(loops, hearts, strict=True):
        event_loop._heartbeats[loop] = heart
    loops[0].close()
    watched = event_loop._live_heartbeats()
    loops[1].close()
    assert [heart in watched for heart in hearts] == [False, True]


@pytest.mark.parametrize(("seen", "site"), [("aab", SITE), ("abb", SITE), ("bb", NOWHERE), ("abbb", NOWHERE)])
def test_a_turn_is_blamed_if_it_ran_for_most_of_the_block(
    clock: Clock, heartbeat: Heartbeat, seen: str, site: CallSite
) -> None:
    heartbeat.due, heartbeat.blocker = 100.0, Blocker(SITE, 3, ord("a"))
    for task in seen:
        heartbeat.blocker.look(ord(task))
    clock.now = 100.2
    heartbeat.settle()
    assert [block.site for block in heartbeat.blocks] == [site]


def test_a_block_that_goes_on_is_one_that_has_grown_and_keeps_its_line(clock: Clock, heartbeat: Heartbeat) -> None:
    heartbeat.due, heartbeat.blocker = 100.0, Blocker(SITE, 3)
    clock.now = 100.2
    heartbeat.settle()
    clock.now = 100.5
    heartbeat.settle()
    assert list(heartbeat.blocks) == [LoopBlock(100.0, 100.5, SITE, 3)]
    heartbeat.due, clock.now = 101.0, 101.3
    heartbeat.settle()
    assert list(heartbeat.blocks) == [LoopBlock(100.0, 100.5, SITE, 3), LoopBlock(101.0, 101.3)]


def test_the_last_blocks_are_remembered(clock: Clock, heartbeat: Heartbeat) -> None:
    for number in range(262):
        heartbeat.due, clock.now = number, number + 0.5
        heartbeat.settle()
    assert [block.start for block in heartbeat.blocks] == list(range(6, 262))


def test_a_beat_is_due_a_fortieth_of_a_second_later(clock: Clock, heartbeat: Heartbeat) -> None:
    heartbeat.windows, heartbeat.due = 1, 100.0
    heartbeat.beat()
    assert (heartbeat.is_active, heartbeat.due) == (True, 100.025)
    heartbeat.windows = 0
    heartbeat.beat()
    assert (heartbeat.is_active, heartbeat.due) == (False, 100.025)


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
    async def beside(other: list[Heartbeat | None]) -> tuple[Heartbeat | None, Heartbeat | None]:
        await asyncio.to_thread(lambda: other.append(asyncio.run(own())))
        return heartbeat_here(), other[0]

    async def own() -> Heartbeat | None:
        return heartbeat_here()

    here, there = asyncio.run(beside([]))
    assert here is not None
    assert there is not None
    assert here is not there
    assert here.thread == threading.get_ident() != there.thread
    assert heartbeat_here() is None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.asyncio
async def test_a_forked_child_is_not_in_the_loop_of_its_parent() -> None:
    assert heartbeat_here() is not None
    child = os.fork()
    if not child:
        os._exit(0 if heartbeat_here() is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore")
def test_a_loop_that_is_run_by_another_thread_later_is_watched_there() -> None:
    loop = asyncio.new_event_loop()

    async def own() -> Heartbeat | None:
        with record():
            await asyncio.sleep(3 * BEAT)
        return heartbeat_here()

    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(loop.run_until_complete, own()).result()
    after = loop.run_until_complete(own())
    loop.close()
    assert before is after is not None
    assert after.thread == threading.get_ident()


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
@pytest.mark.asyncio
async def test_the_line_that_waits_is_found_below_awaited_helpers(database: Database) -> None:
    async def helper() -> None:
        for _ in range(10):
            await asyncio.sleep(BEAT)

    with record() as recording:
        async with AsyncSession(database.async_engine) as session:
            await session.execute(text("SELECT 1"))
            await helper()
            await session.execute(text("SELECT 2"))
    found = [one.site.frames for one in recording.report.findings if one.kind == "idle_in_transaction"]
    assert ["helper", "test_the_line_that_waits_is_found_below_awaited_helpers"] in [
        [frame.function for frame in frames] for frames in found
    ]
