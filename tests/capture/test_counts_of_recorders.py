"""What a recorder counts where it keeps no details, when it is empty, and the heartbeat while its window is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from query_guard.capture.live.event_loop import heartbeat_here
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.allowed import allowed_in_process
from query_guard.capture.window.counting_recorder import CountingRecorder
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.records import NOWHERE, Allowance, LoopBlock
from tests.capture.rows import row_of, shared_of
from tests.clock import Clock
from tests.reports import SITE

FAILED = FailedLoadRow(0, None, NOWHERE, 0, 0, None, "greenlet")


def no_room(recorder: Recorder) -> None:
    recorder.room_for_checkouts = 0
    recorder.add_checkout(mock.Mock(holders=()))


def read(recorder: Recorder) -> None:
    recorder.reads = {("User.posts", False, (), NOWHERE): 1}


def noting(recorder: Recorder) -> None:
    recorder.reads = {}


def blocked(*blocks: tuple[float, float]) -> Callable[[Recorder], None]:
    def block(recorder: Recorder) -> None:
        recorder.loop_blocks = [LoopBlock(recorder.started + start, recorder.started + end) for start, end in blocks]

    return block


@pytest.mark.parametrize(
    ("change", "is_empty", "saw_nothing"),
    [
        (lambda _: None, True, True),
        (lambda recorder: recorder.add(row_of(shared_of())), False, False),
        (lambda recorder: recorder.count(0.5), False, False),
        (lambda recorder: [recorder.count(0.5) for _ in range(1_000)], False, False),
        (lambda recorder: recorder.add_checkout(mock.Mock(holders=())), False, False),
        (lambda recorder: recorder.add_transaction(mock.Mock()), False, True),
        (lambda recorder: recorder.add_failed_load(FAILED), False, False),
        (no_room, True, False),
        (read, False, True),
        (noting, True, True),
        (blocked(), True, True),
        (blocked((-2, 0)), True, True),
        (blocked((-2, 1)), False, True),
        (blocked((-9, -8), (-2, 1)), False, True),
        (blocked((-9, -8), (-2, -1)), True, True),
    ],
)
def test_when_a_recorder_is_empty_and_when_it_saw_nothing(
    clock: Clock, change: Callable[[Recorder], Any], is_empty: bool, saw_nothing: bool
) -> None:
    recorder = Recorder()
    change(recorder)
    assert (recorder.is_empty, recorder.saw_nothing) == (is_empty, saw_nothing)


@pytest.mark.parametrize("number", [0, 1, 999, 1_000, 1_001, 2_500])
def test_statements_without_details_are_summed_up_a_thousand_at_a_time(number: int) -> None:
    recorder = Recorder()
    for _ in range(number):
        recorder.count(0.25)
    assert len(recorder._counted) == number % 1_000
    assert (recorder.query_count, recorder.driver_calls) == (number, number)
    assert recorder.dropped() == recorder.dropped() == (number, number / 4)


def test_checkouts_transactions_and_failed_loads_without_room_are_counted() -> None:
    recorder = Recorder()
    recorder.room = recorder.room_for_checkouts = 0
    for _ in range(3):
        recorder.add_checkout(mock.Mock(holders=()))
        recorder.add_transaction(mock.Mock())
        recorder.add_failed_load(FAILED)
    assert (recorder.checkouts, recorder.transactions, recorder.failed_loads) == ([], [], [])
    assert (recorder.dropped_checkouts, recorder.dropped_transactions, recorder.dropped_failed_loads) == (3, 3, 3)


@pytest.mark.parametrize(("parameters", "cost"), [(False, 0), (True, 8)])
def test_values_that_are_shown_take_room(parameters: bool, cost: int) -> None:
    rooms = []
    for shown in ((), ("'four'", "12")):
        recorder = Recorder(None, parameters)
        recorder.share(shared_of(parameters=shown, site=SITE))
        rooms.append(recorder.room)
    assert rooms[0] - rooms[1] == cost


def test_what_is_allowed_in_the_whole_process_is_allowed_in_each_window() -> None:
    allowance = Allowance("n_plus_one")
    before = Recorder().allowances
    allowed_in_process.append(allowance)
    during = Recorder().allowances
    allowed_in_process.remove(allowance)
    assert (during, Recorder().allowances) == ((*before, allowance), before)


def test_a_recorder_that_only_counts_begins_when_its_request_did(clock: Clock) -> None:
    assert CountingRecorder().started == clock.now
    assert CountingRecorder(started=5.0).started == 5.0
    counted = [0.25, 0.5]
    recorder = CountingRecorder(None, 5.0, (), counted, 7)
    assert (recorder.request, recorder.dropped(), recorder.room) == (7, (2, 0.75), 0)


@pytest.mark.asyncio
async def test_a_heartbeat_knows_how_many_windows_are_open() -> None:
    heartbeat = heartbeat_here()
    assert heartbeat is not None
    before = heartbeat.windows
    with open_window(Recorder(), True) as outer:
        with open_window(Recorder()) as inner:
            assert heartbeat.windows == before + 2
            assert [one.recorder and one.recorder.loop_blocks for one in (outer, inner)] == [heartbeat.blocks] * 2
            assert heartbeat.is_active
        assert heartbeat.windows == before + 1
    assert (heartbeat.windows, outer.heartbeat) == (before, None)


@pytest.mark.asyncio
async def test_a_window_that_only_counts_has_no_heartbeat() -> None:
    heartbeat = heartbeat_here()
    assert heartbeat is not None
    before = heartbeat.windows
    with open_window(CountingRecorder(), True) as window:
        assert (heartbeat.windows, window.heartbeat) == (before, None)
    assert heartbeat.windows == before
