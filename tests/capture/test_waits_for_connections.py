"""How long a checkout waited, also in a request that is not sampled. To connect or to ping is no wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from query_guard.capture.live.holders import NOTICED_WAIT
from query_guard.capture.live.open_window import open_window
from query_guard.capture.live.pools import watch_of
from query_guard.capture.window.counting_recorder import CountingRecorder
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import watchers
from tests.clock import Clock

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has a window more
Make = Callable[..., Engine]


@pytest.fixture
def make(clock: Clock) -> Iterator[Make]:
    """Give what makes an engine whose pool lets a checkout wait; to connect takes an eighth of a second."""
    clock.now = 0.0  # so that the shortest wait that is noticed is exact
    made: list[Engine] = []

    def connect(*_: object) -> None:
        clock.move(0.125)

    def engine(wait: float = 0.0, ping: float = 0.0, **options: Any) -> Engine:
        class Busy(QueuePool):
            def _do_get(self) -> Any:
                clock.move(wait)
                return super()._do_get()

        engine = create_engine("sqlite://", poolclass=Busy, pool_pre_ping=ping > 0, **options)
        event.listen(engine, "do_connect", connect)
        dialect: Any = engine.dialect
        dialect.do_ping = lambda _: not clock.move(ping)
        made.append(engine)
        return engine

    yield engine
    for one in made:
        one.dispose()


def sampled() -> AbstractContextManager[Any]:
    return open_window(Recorder())


def unsampled() -> AbstractContextManager[Any]:
    return open_window(CountingRecorder())


WINDOWS = pytest.mark.parametrize("window", [sampled, unsampled])


@WINDOWS
@pytest.mark.parametrize(("wait", "waits"), [(0.0, 0), (NOTICED_WAIT / 2, 0), (NOTICED_WAIT, 1), (0.5, 1)])
def test_a_wait_counts_from_a_hundredth_of_a_second_on(
    make: Make, clock: Clock, window: Callable[[], Any], wait: float, waits: int
) -> None:
    engine = make(wait)
    watch = watch_of(engine.pool)
    with window():
        engine.connect().close()
        watch.waits, watch.wait_time = 0, 0.0
        clock.now = 0.0
        engine.connect().close()
    assert (watch.waits, watch.wait_time) == (waits, wait * waits)


@WINDOWS
def test_a_connect_is_no_wait_and_is_counted_once(make: Make, window: Callable[[], Any]) -> None:
    engine = make(0.5)
    with window():
        for _ in range(2):
            engine.connect().close()
    watch = watch_of(engine.pool)
    assert (watch.connects, watch.connect_time) == (1, 0.125)
    assert (watch.waits, watch.wait_time) == (2, 1.0)


@WINDOWS
def test_a_connection_that_was_made_earlier_is_counted_and_shortens_no_wait(
    make: Make, clock: Clock, window: Callable[[], Any]
) -> None:
    engine = make(0.5)
    engine.connect().close()  # nobody records it
    clock.move(1)
    with window():
        engine.connect().close()
    watch = watch_of(engine.pool)
    assert (watch.connects, watch.connect_time) == (1, 0.125)
    assert (watch.waits, watch.wait_time) == (1, 0.5)


@WINDOWS
def test_a_ping_is_no_wait_but_that_of_another_pool_says_nothing(make: Make, window: Callable[[], Any]) -> None:
    pinged, plain = make(0.5, 0.25), make(0.5)
    for engine in (pinged, plain):
        engine.connect().close()
    with window():
        for _ in range(2):
            pinged.connect().close()
            plain.connect().close()
    assert [watch_of(engine.pool).wait_time for engine in (pinged, plain)] == [1.0, 1.0]


@pytest.mark.parametrize(("wait", "names"), [(NOTICED_WAIT / 2, 0), (NOTICED_WAIT, 1)])
def test_a_wait_that_is_noticed_names_who_held_the_others(make: Make, clock: Clock, wait: float, names: int) -> None:
    engine, recorder = make(wait), Recorder()
    with open_window(recorder), engine.connect():
        engine.connect().close()  # makes the second connection
        clock.now = 0.0
        engine.connect().close()
    waited = recorder.checkouts[-1]
    assert waited.wait == wait
    assert len([holder for holder in waited.holders if holder.doing == "idle"]) == names


def test_a_request_that_is_not_sampled_keeps_no_checkout_unless_a_test_is_recorded(
    make: Make, watcher: Recorder
) -> None:
    engine, recorder = make(0.5), CountingRecorder()
    with open_window(recorder):
        engine.connect().close()
        assert [len(watcher.checkouts), len(recorder.checkouts)] == [1, 1]
        watchers.remove(watcher)
        with engine.connect():
            assert watch_of(engine.pool).holders == {}
    watchers.append(watcher)
    assert [len(watcher.checkouts), len(recorder.checkouts)] == [1, 1]
    assert watch_of(engine.pool).has_unrecorded
