"""To which windows a statement goes: as a row, as a number, or late."""

from __future__ import annotations

import pytest

from query_guard.capture.window.delivery import count, count_further, deliver, detail_recorder
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import Batches
from query_guard.capture.window.window import (
    Window,
)
from tests.capture.rows import row_of, shared_of
from tests.capture.windows import full, inside
from tests.own_failures import apart
from tests.reports import ENGINE

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has a watcher

OTHER = ENGINE._replace(serial=2)


def test_details_are_kept_where_there_is_room_for_an_engine() -> None:
    of_other = Window(Recorder(frozenset((OTHER.serial,))), True)
    window = inside(of_other, full())
    assert detail_recorder(window, OTHER) is of_other.recorder
    assert detail_recorder(window, ENGINE) is None
    of_other.seal()
    assert detail_recorder(window, OTHER) is None
    assert detail_recorder(None, ENGINE) is None


def test_a_watcher_keeps_details_where_no_window_does(watcher: Recorder) -> None:
    window = Window(Recorder(), True)
    assert detail_recorder(window, ENGINE) is window.recorder
    assert detail_recorder(Window(full(), True), ENGINE) is watcher
    assert detail_recorder(None, ENGINE) is watcher


def counts(*windows: Window) -> list[tuple[int, int]]:
    return [(len(window.recorder.rows), window.recorder.query_count) for window in windows if window.recorder]


def test_a_row_goes_to_each_window_around_and_is_late_in_sealed_ones(watcher: Recorder) -> None:
    outer = Window(Recorder(), True)
    without_room = inside(outer, full())
    of_other = inside(without_room, Recorder(frozenset((OTHER.serial,))))
    sealed = inside(of_other)
    sealed.seal()
    deliver(sealed, ENGINE, row_of(shared_of()))
    assert counts(outer, without_room, of_other) == [(1, 1), (0, 1), (0, 0)]
    assert (sealed.late.count, outer.late.count, len(watcher.rows)) == (1, 0, 1)
    count(sealed, ENGINE, 0.5)
    assert counts(outer, without_room, of_other) == [(1, 2), (0, 2), (0, 0)]
    assert (sealed.late.count, outer.late.count, len(watcher.rows)) == (2, 0, 1)


@apart()
def test_a_row_that_cannot_be_kept_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window(Recorder(), True)
    monkeypatch.setattr(Recorder, "add", lambda *_: 1 / 0)
    deliver(window, ENGINE, row_of(shared_of(), duration=0.5))
    assert window.recorder is not None
    assert window.recorder.dropped() == (1, 0.5)


def test_further_calls_of_an_execution_have_a_time_of_their_own_where_it_has_no_row() -> None:
    outer = Window(Recorder(), True)
    inner = inside(outer, full())
    batches = Batches()
    deliver(inner, ENGINE, row_of(shared_of(batches=batches), duration=0.5))
    count_further(inner, ENGINE, 0.25, batches)
    found = [(one.dropped(), one.driver_calls) for one in (inner.recorder, outer.recorder) if one is not None]
    assert found == [((1, 0.75), 2), ((0, 0.0), 2)]
