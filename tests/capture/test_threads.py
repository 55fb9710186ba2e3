"""The threads of sync endpoints: how many are busy, and how many there may be, as far as AnyIO tells."""

from __future__ import annotations

import sys
import threading

import anyio.to_thread
import pytest

from query_guard.capture.live.threads import busy_threads, thread_limit


@pytest.fixture(autouse=True)
def without_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the threads of earlier tests, which may end at any moment."""
    every, earlier = threading.enumerate, {*threading.enumerate()}
    monkeypatch.setattr(threading, "enumerate", lambda: [thread for thread in every() if thread not in earlier])


@pytest.mark.asyncio
async def test_a_thread_is_busy_while_it_works() -> None:
    assert busy_threads() == 0
    assert await anyio.to_thread.run_sync(busy_threads) == 1
    assert busy_threads() == 0


@pytest.mark.asyncio
async def test_the_limit_is_that_of_the_running_loop() -> None:
    limiter = anyio.to_thread.current_default_thread_limiter()
    assert thread_limit() == limiter.total_tokens
    limiter.total_tokens = 7
    assert thread_limit() == 7


def test_nothing_is_known_without_a_loop_and_without_anyio(monkeypatch: pytest.MonkeyPatch) -> None:
    assert thread_limit() is None
    monkeypatch.delitem(sys.modules, "anyio.to_thread")
    assert thread_limit() is None
    monkeypatch.delitem(sys.modules, "anyio")
    assert busy_threads() == 0


def test_a_worker_of_another_kind_is_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class WorkerThread(threading.Thread):
        """It has the name of AnyIO's, and no list of the idle ones."""

    end = threading.Event()
    worker = WorkerThread(target=end.wait, args=(30,))
    worker.start()
    assert busy_threads() == 0
    monkeypatch.setattr(WorkerThread, "idle_workers", None, raising=False)
    assert busy_threads() == 0
    end.set()
    worker.join()
