"""What is measured of a pool, and when all its connections are out."""

from __future__ import annotations

import gc

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from query_guard.capture.window.pool_watch import PoolWatch


@pytest.mark.parametrize(("out", "full"), [(0, False), (2, False), (3, True)])
def test_a_pool_is_full_when_all_its_connections_are_out(
    engine: Engine, watch: PoolWatch, out: int, full: bool
) -> None:
    connections = [engine.connect() for _ in range(out)]
    assert watch.is_full() is full
    for connection in connections:
        connection.close()


def test_a_pool_of_a_fixed_size_is_full_when_its_last_connection_is_out() -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0)
    watch = PoolWatch(engine.pool)
    before = watch.is_full()
    with engine.connect():
        assert (before, watch.is_full()) == (False, True)
    engine.dispose()


def test_a_pool_that_grows_without_bound_or_has_no_numbers_is_never_full() -> None:
    for options in ({"poolclass": QueuePool, "pool_size": 1, "max_overflow": -1}, {"poolclass": NullPool}):
        engine = create_engine("sqlite://", **options)
        watch = PoolWatch(engine.pool)
        with engine.connect(), engine.connect():
            assert not watch.is_full()
        engine.dispose()
        del engine
        gc.collect()
        assert not watch.is_full()


def test_what_a_pool_says_of_itself_is_known(engine: Engine, watch: PoolWatch) -> None:
    assert (watch.kind, watch.size, watch.max_overflow, watch.has_numbers, watch.pre_ping) == (
        "QueuePool", 2, 1, True, False,
    )  # fmt: skip
    assert watch.name == str(watch.engine)
    named = create_engine("sqlite://", poolclass=QueuePool, pool_pre_ping=True, pool_logging_name="reports")
    other = PoolWatch(named.pool)
    assert (other.name, other.pre_ping) == ("reports", True)
    single = PoolWatch(create_engine("sqlite://", poolclass=StaticPool).pool)
    assert (single.size, single.max_overflow, single.has_numbers) == (None, None, False)


def test_a_pool_sums_up_what_was_measured(watch: PoolWatch) -> None:
    watch.connected(0.5)
    watch.connected(0.25)
    watch.waited(2.0)
    watch.waited(1.0)
    assert (watch.peak, watch.collected, watch.has_unrecorded) == (0, 0, False)
    assert (watch.connects, watch.connect_time, watch.waits, watch.wait_time, watch.growth) == (2, 0.75, 2, 3.0, 2)
