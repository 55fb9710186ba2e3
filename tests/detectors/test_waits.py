"""Which loops wait in each turn: told by the source at the frames of a site, and never by the clock."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from query_guard.detectors.waits import may_wait, waits_in_turn
from query_guard.records import CallSite, Frame

SLEEPS = """
    async def ticks():
        while True:
            read()  # here
            await asyncio.sleep(interval)
"""
ON_ONE_LINE = """
    def poll():
        for _ in range(9): read(); time.sleep(1)  # here
"""
ASKS_AND_WAITS = """
    def poll():
        while not read():  # here
            stopped.wait(timeout=1)
"""
WAITS_FOR_ITS_NEXT_TURN = """
    async def follow():
        async for message in channel.listen():
            read()  # here
"""
OF_A_LIBRARY = """
    async def poll():
        async for attempt in AsyncRetrying(wait=wait_fixed(1)):
            with attempt:
                read()  # here
"""
OF_A_SCRIPT = """
    import time
    while True:
        read()  # here
        time.sleep(60)
"""
WAITS_IN_WHAT_IT_CALLS = """
    async def poll():
        while not is_done:
            read()  # here
            await self.next_turn()
"""
OUTER_LOOP_WAITS = """
    def ticks():
        for _ in range(9):
            for shard in shards:
                read()  # here
            time.sleep(1)
"""
UNSEEN = """
    def count():
        return read()  # here
"""
UNSEEN_WITH_A_LOOP_OVER_ITS_ROWS = """
    def names():
        for row in read():  # here
            yield row.name
            time.sleep(1)
"""
UNSEEN_WITH_A_LIST_OF_ITS_ROWS = """
    def names():
        return [row.name for row in read()]  # here
"""
UNSEEN_IN_ANOTHER_FUNCTION = """
    def outer():
        for _ in range(9):
            time.sleep(1)
            def inner():
                return read()  # here
"""
PLAIN = """
    def again():
        for _ in range(9):
            read()  # here
"""
IN_A_LIST = """
    def again():
        return [read() for _ in range(9)]  # here
"""
WAITS_FOR_NOTHING = """
    async def again():
        for _ in range(9):
            read()  # here
            await asyncio.sleep(0)
"""
BOUNDS_THE_TIME = """
    async def again():
        for _ in range(9):
            await asyncio.wait_for(read(), timeout=1)  # here
            await wait_for(read(), timeout=1)
            await asyncio.wait(tasks)
"""
NAMED_ALIKE = """
    def again():
        for ticket in tickets:
            read()  # here
            awaits_and_sleepers(ticket)
"""

A_THING_IS_CALLED_SO = """
    def take_in():
        for order in orders:
            read()  # here
            receive_order(order)
            add_to_wait_list(order)
            Poll(order)
"""
MAYBE_OF_ASYNCIO = """
    async def again():
        for _ in range(9):
            read()  # here
            await wait(tasks)
"""
WAITS_AFTER_AN_ERROR = """
    def again():
        for user in users:
            try:
                read()  # here
            except OperationalError:
                time.sleep(1)
"""
WAITS_LATER = """
    def again():
        for user in users:
            read()  # here
            callbacks.append(lambda: time.sleep(1))
            def later():
                time.sleep(1)
"""
WAITS_NO_SECOND = """
    def again():
        for user in users:
            read()  # here
            stopped.wait(timeout=0)
"""
IN_A_DICT = """
    def again():
        return {user: read() for user in users}  # here
"""
IN_A_CONDITION = """
    def again():
        return [user for user in users if read(user)]  # here
"""
IN_AN_INNER_LIST = """
    def again():
        return [post for user in users for post in read(user)]  # here
"""


def site(folder: Path, source: str) -> CallSite:
    lines = textwrap.dedent(source).splitlines()
    file = folder / "polls.py"
    file.write_text("\n".join(lines))
    here = next(number for number, line in enumerate(lines, 1) if line.endswith("# here"))
    function = next((line for line in lines if "def " in line), "<module>").partition("def ")[2].partition("(")[0]
    start = next((number for number, line in enumerate(lines, 1) if "def " in line), 1)
    return CallSite(1, (Frame(str(file), here, function or "<module>", start),), "", False)


@pytest.mark.parametrize(
    "source", [SLEEPS, ON_ONE_LINE, ASKS_AND_WAITS, WAITS_FOR_ITS_NEXT_TURN, OF_A_LIBRARY, OF_A_SCRIPT]
)
def test_a_loop_that_waits_is_seen(tmp_path: Path, source: str) -> None:
    assert waits_in_turn(site(tmp_path, source))


@pytest.mark.parametrize(
    "source",
    [
        WAITS_IN_WHAT_IT_CALLS,
        OUTER_LOOP_WAITS,
        UNSEEN,
        UNSEEN_WITH_A_LOOP_OVER_ITS_ROWS,
        UNSEEN_WITH_A_LIST_OF_ITS_ROWS,
        UNSEEN_IN_ANOTHER_FUNCTION,
        A_THING_IS_CALLED_SO,
        MAYBE_OF_ASYNCIO,
    ],
)
def test_what_repeats_a_line_may_wait_unseen(tmp_path: Path, source: str) -> None:
    unseen = site(tmp_path, source)
    assert (waits_in_turn(unseen), may_wait(unseen)) == (False, True)


@pytest.mark.parametrize(
    "source",
    [
        PLAIN,
        IN_A_LIST,
        IN_A_DICT,
        IN_A_CONDITION,
        IN_AN_INNER_LIST,
        WAITS_FOR_NOTHING,
        WAITS_NO_SECOND,
        WAITS_AFTER_AN_ERROR,
        WAITS_LATER,
        BOUNDS_THE_TIME,
        NAMED_ALIKE,
    ],
)
def test_a_loop_that_does_not_wait(tmp_path: Path, source: str) -> None:
    plain = site(tmp_path, source)
    assert (waits_in_turn(plain), may_wait(plain)) == (False, False)


def test_the_innermost_loop_counts_and_a_caller_has_loops_too(tmp_path: Path) -> None:
    (tmp_path / "callers").mkdir()
    inner, outer = site(tmp_path, UNSEEN), site(tmp_path / "callers", SLEEPS)
    assert waits_in_turn(inner._replace(frames=(*inner.frames, *outer.frames)))
    (tmp_path / "loops").mkdir()
    loop = site(tmp_path / "loops", PLAIN)
    assert not waits_in_turn(loop._replace(frames=(*loop.frames, *outer.frames)))


RETRIED = """
    def retried():
        for attempt in Retrying(wait=wait_fixed(1)):
            with attempt:
                return read()  # here
"""
RETRIED_BY_HAND = """
    def retried():
        while True:
            try:
                return read()  # here
            except OperationalError:
                time.sleep(1)
"""


@pytest.mark.parametrize("source", [RETRIED, RETRIED_BY_HAND])
def test_a_loop_that_returns_what_was_read_repeats_nothing(tmp_path: Path, source: str) -> None:
    (tmp_path / "loops").mkdir()
    retried, loop = site(tmp_path, source), site(tmp_path / "loops", PLAIN)
    assert (waits_in_turn(retried), may_wait(retried)) == (False, True)
    both = retried._replace(frames=(*retried.frames, *loop.frames))
    assert (waits_in_turn(both), may_wait(both)) == (False, False)


def test_what_sends_the_statement_is_no_wait_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "sends").mkdir()
    sends = site(tmp_path / "sends", "def listen():\n    return read()  # here")
    calls = site(tmp_path, "def again():\n    for user in users:\n        listen()  # here")
    assert waits_in_turn(calls)
    both = sends._replace(frames=(*sends.frames, *calls.frames))
    assert (waits_in_turn(both), may_wait(both)) == (False, False)


def test_without_its_source_nothing_is_known() -> None:
    unknown = CallSite(1, (Frame("gone.py", 3, "poll", 1),), "", False)
    assert (waits_in_turn(unknown), may_wait(unknown)) == (False, True)


@pytest.mark.parametrize(
    ("call", "waits"),
    [
        ("pause(1)", True),
        ("wait_until_changed()", True),
        ("sleep_for(1)", True),
        ("asyncio.sleep(delay)", True),
        ("changed.wait_for(is_new)", True),
        ("queue.receive_text()", True),
        ("time.sleep(0.0)", False),
        ("asyncio.sleep(delay=0)", False),
        ("stopped.wait(seconds=0)", False),
        ("stopped.wait(limit=0)", True),
        ("futures.wait(tasks)", False),
        ("refreshed(1)", False),
        ("pauses(1)", False),
    ],
)
def test_what_a_turn_calls_beside_what_sends_the_statement(tmp_path: Path, call: str, waits: bool) -> None:
    (tmp_path / "sends").mkdir()
    sends = site(tmp_path / "sends", "def refreshed():\n    return read()  # here")
    loop = site(tmp_path, f"def again():\n    for user in users:\n        refreshed()  # here\n        {call}")
    both = sends._replace(frames=(*sends.frames, *loop.frames))
    assert (waits_in_turn(both), may_wait(both)) == (waits, waits)
