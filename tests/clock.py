"""A clock that only the test moves: what is measured by it does not depend on the machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, event

from query_guard.capture.hooks.install import install


class Clock:
    """Stands in for `perf_counter` in every module that measures."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> int:
        """Let time pass; SQLite calls it as `move(...)`, too, and wants a value."""
        self.now += seconds
        return 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    install()
    clock = Clock()
    for name, module in [*sys.modules.items()]:
        if name.startswith("query_guard.") and hasattr(module, "perf_counter"):
            monkeypatch.setattr(module, "perf_counter", clock)
    return clock


@pytest.fixture
def timed_engine(clock: Clock) -> Iterator[Engine]:
    """Give an engine whose statements take as long as they say: `SELECT move(0.25)`; to connect takes an eighth."""
    engine = create_engine("sqlite://")

    @event.listens_for(engine, "do_connect")
    def slowly(*_: object) -> None:
        clock.move(0.125)

    @event.listens_for(engine, "connect")
    def add_function(connection: object, _: object) -> None:
        connection.create_function("move", 1, clock.move)  # type: ignore[attr-defined]  # the driver's own connection

    yield engine
    engine.dispose()
