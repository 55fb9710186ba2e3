"""Windows within windows: whose recorder it is, who knows the stage, and what a name says after the end."""

from __future__ import annotations

import asyncio

import pytest

from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.stages import BEFORE_RESPONSE, STREAMING
from query_guard.capture.window.window import (
    Window,
    current,
    is_recorded_with_parameters,
    is_recording,
    loop_here,
    recorders,
    sole_recorder,
    stage_of,
    watchers,
    watching,
)
from query_guard.records import Request
from tests.capture.windows import full, inside
from tests.own_failures import apart
from tests.reports import ENGINE

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has a watcher

OTHER = ENGINE._replace(serial=2)
GET = Request("http", "GET", "/", "/users")


def test_a_window_within_a_request_is_of_that_request() -> None:
    request = Window(Recorder(), True)
    block, other_request = inside(request), inside(request, request=True)
    assert (request.request, block.request, other_request.request) == (
        request.serial,
        request.serial,
        other_request.serial,
    )
    assert Window(Recorder()).request == 0
    assert [window.recorder.request for window in (request, block) if window.recorder] == [request.serial] * 2


def test_the_stage_is_that_of_the_request_around() -> None:
    request = Window(Recorder(), True)
    block, other_request = inside(request), inside(request, request=True)
    assert request.recorder is not None
    request.recorder.stage = STREAMING
    assert [stage_of(window) for window in (request, block, other_request)] == [STREAMING, STREAMING, BEFORE_RESPONSE]
    request.seal()
    assert [stage_of(window) for window in (request, None)] == [BEFORE_RESPONSE, BEFORE_RESPONSE]


def test_sealed_windows_without_one_around_are_kept_as_the_last_around() -> None:
    outermost = Window(Recorder(), True)
    inner = inside(outermost)
    inner.seal()
    assert inside(inner).outer is outermost
    outermost.seal()
    assert inside(inner).outer is outermost


def test_only_a_window_without_room_and_without_any_around_is_counted_only() -> None:
    assert Window(full(), True).is_counted_only
    beyond = full()
    beyond.room = -1
    assert Window(beyond, True).is_counted_only
    assert not Window(Recorder(), True).is_counted_only
    assert not inside(Window(Recorder(), True), full()).is_counted_only


@pytest.mark.parametrize(("has_checkouts", "later"), [(True, "GET /users"), (False, "")])
def test_a_name_outlives_a_window_that_had_a_connection(has_checkouts: bool, later: str) -> None:
    window = Window(Recorder(), True)
    assert window.name == ""
    window.describe = lambda: GET
    window.has_checkouts = has_checkouts
    assert (window.name, window.is_sealed) == ("GET /users", False)
    window.seal()
    assert (window.name, window.is_sealed, window.ensure_recorder()) == (later, True, None)


@apart()
def test_a_window_that_cannot_be_described_has_no_name() -> None:
    def fail() -> Request:
        raise RuntimeError("failed on purpose")

    window = Window(Recorder(), True)
    window.describe, window.has_checkouts = fail, True
    assert window.name == ""
    window.seal()
    assert (window.name, window.is_sealed) == ("", True)


def test_recorders_come_innermost_first_and_watchers_last(watcher: Recorder) -> None:
    outer = Window(Recorder(), True)
    middle, inner = inside(outer), inside(inside(outer))
    assert [*recorders(inner)] == [
        inner.recorder,
        inner.outer.recorder if inner.outer else None,
        outer.recorder,
        watcher,
    ]
    middle.seal()
    assert [*recorders(middle)] == [outer.recorder, watcher]
    assert [*recorders(None)] == [watcher]


def test_a_recorder_of_other_engines_does_not_watch() -> None:
    outer = Window(Recorder(frozenset((OTHER.serial,))), True)
    inner = inside(outer)
    assert [*watching(inner, ENGINE)] == [inner.recorder]
    assert [*watching(inner, OTHER)] == [inner.recorder, outer.recorder]


def test_a_recorder_is_the_only_one_where_no_other_may_want_a_statement(watcher: Recorder) -> None:
    window = Window(Recorder(), True)
    found = [sole_recorder(window)]
    watchers.remove(watcher)
    found += [sole_recorder(window), sole_recorder(inside(window)), sole_recorder(None)]
    found.append(sole_recorder(Window(Recorder(frozenset((1,))), True)))
    recorder = window.recorder
    window.seal()
    found.append(sole_recorder(window))
    watchers.append(watcher)
    assert found == [None, recorder, None, None, None, None]


def test_who_records_now(watcher: Recorder) -> None:
    found = [is_recording()]
    watchers.remove(watcher)
    found.append(is_recording())
    for window in (Window(Recorder(), True), Window(full(), True)):
        token = current.set(window)
        found.append(is_recording())
        current.reset(token)
    watchers.append(watcher)
    assert found == [True, False, True, False]


def test_parameters_are_kept_where_any_recorder_wants_them() -> None:
    outer = Window(Recorder(None, True), True)
    assert is_recorded_with_parameters(inside(outer))
    assert not is_recorded_with_parameters(Window(Recorder(), True))
    assert not is_recorded_with_parameters(None)


@pytest.mark.asyncio
async def test_the_loop_is_the_one_that_runs_in_this_thread() -> None:
    loop = asyncio.get_running_loop()
    with open_window(Recorder(), True) as request, open_window(Recorder()) as block:
        assert [loop_here(window) for window in (request, block, None)] == [loop] * 3
        assert await asyncio.to_thread(loop_here, request) is None
        assert (request.loop, block.loop) == (loop, None)
    assert (request.loop, request.thread, loop_here(request)) == (None, 0, loop)
