"""What tests of windows, checkouts and pools begin with: a pool of two connections and one more, and who records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import watchers
from tests.clock import Clock


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=2, max_overflow=1)
    yield engine
    engine.dispose()


@pytest.fixture
def watch(engine: Engine) -> PoolWatch:
    return PoolWatch(engine.pool)


@pytest.fixture
def recorder(clock: Clock) -> Recorder:
    recorder = Recorder()
    clock.move(1)
    return recorder


@pytest.fixture
def watcher() -> Iterator[Recorder]:
    recorder = Recorder()
    watchers.append(recorder)
    yield recorder
    watchers.remove(recorder)
