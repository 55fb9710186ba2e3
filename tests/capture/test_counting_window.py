"""The window of a request that is not sampled makes its recorder when it must, and loses nothing by that."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from query_guard import allow
from query_guard.capture.live.counting_window import MOST_COUNTED, CountingWindow
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import Batches
from query_guard.records import Engine

ENGINE = Engine(1, "sqlite+pysqlite", "sqlite", False)


def counted(window: CountingWindow) -> int:
    recorder = window.recorder
    return len(window.counted) if recorder is None else recorder.query_count


def test_it_has_all_that_a_window_has() -> None:
    window = CountingWindow(None)
    plain = open_window(Recorder(), True)
    plain.open()
    fields = {name for kind in type(window).__mro__ for name in getattr(kind, "__slots__", ())}
    assert [name for name in fields if hasattr(plain, name) and not hasattr(window, name)] == []
    plain.close()


@pytest.mark.parametrize("number", [0, 1, MOST_COUNTED, MOST_COUNTED + 1, 3 * MOST_COUNTED])
def test_a_recorder_goes_on_with_what_was_counted(number: int) -> None:
    window = CountingWindow(None)
    for _ in range(number):
        window.count(ENGINE, 0.5, None)
    assert ((window.recorder is not None), counted(window)) == (number > MOST_COUNTED, number)
    window.count(ENGINE, 0.5, Batches())
    recorder = window.close()
    assert recorder is not None
    assert recorder.dropped() == (number + 1, (number + 1) / 2)


def test_statements_are_counted_once_where_no_recorder_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    window = CountingWindow(None)
    for _ in range(MOST_COUNTED):
        window.count(ENGINE, 0.5, None)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(CountingWindow, "new_recorder", lambda *_: 1 / 0)
        window.count(ENGINE, 0.5, None)
    window.count(ENGINE, 0.5, None)  # as `keep_unread` does after a failure
    assert counted(window) == MOST_COUNTED + 1


def test_a_recorder_that_another_thread_makes_at_the_end_is_that_of_the_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = CountingWindow(None)
    making, go_on = threading.Event(), threading.Event()
    make = CountingWindow.new_recorder

    def slow(window: CountingWindow, given: list[float]) -> Recorder:
        making.set()
        assert go_on.wait(60)
        return make(window, given)

    monkeypatch.setattr(CountingWindow, "new_recorder", slow)
    with ThreadPoolExecutor() as pool:
        made = pool.submit(window.ensure_recorder)
        assert making.wait(60)
        closed = pool.submit(window.close)
        go_on.set()
    assert made.result() is not None
    assert closed.result() is made.result()
    assert (window.recorder, window.ensure_recorder()) == (None, None)


def test_its_allowances_are_those_of_its_beginning() -> None:
    with allow("n_plus_one"):
        window = CountingWindow(None)
    recorder = window.ensure_recorder()
    assert recorder is not None
    assert [allowance.kind for allowance in recorder.allowances] == ["n_plus_one"]
