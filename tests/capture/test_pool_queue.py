"""How many wait for a connection of a pool now."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, QueuePool, StaticPool

from query_guard.capture.origin.pool_queue import waiting_in


def narrow() -> dict[str, Any]:
    return {"pool_size": 1, "max_overflow": 0, "pool_timeout": 60}


def until(is_so: Callable[[], bool]) -> None:
    event = threading.Event()
    while not is_so():
        event.wait(0.01)


def test_threads_that_wait_are_counted() -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, connect_args={"check_same_thread": False}, **narrow())
    held = engine.connect()
    waiting = [threading.Thread(target=lambda: engine.connect().close()) for _ in range(2)]
    assert waiting_in(engine.pool) == 0
    for thread in waiting:
        thread.start()
    until(lambda: waiting_in(engine.pool) == 2)
    held.close()
    for thread in waiting:
        thread.join()
    assert waiting_in(engine.pool) == 0
    engine.dispose()


@pytest.mark.asyncio
async def test_tasks_that_wait_are_counted() -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=AsyncAdaptedQueuePool, **narrow())

    async def take() -> None:
        async with engine.connect():
            pass

    async with engine.connect():
        waiting = [asyncio.create_task(take()) for _ in range(2)]
        while waiting_in(engine.pool) != 2:
            await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert waiting_in(engine.pool) == 0
    await engine.dispose()


@pytest.mark.parametrize("pool", [NullPool(lambda: None), StaticPool(lambda: None), None, object()])  # type: ignore[arg-type]  # no connection is made
def test_what_has_no_queue_is_unknown(pool: object) -> None:
    assert waiting_in(pool) is None
