"""Large reports are made in a thread of the guard's own, whatever the application's threads do."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard, Report
from query_guard.web.exchange import MAX_JUDGED_FOR_HEADERS
from query_guard.web.own_thread import OwnThread, own_thread
from tests.own_failures import apart
from tests.serving import guarded, visit

pytestmark = pytest.mark.asyncio

BOUND = 60
"""Seconds after which what hangs is called so; nothing here takes as long."""
engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


async def send_many() -> None:
    with engine.connect() as connection:
        for _ in range(MAX_JUDGED_FOR_HEADERS + 1):
            connection.execute(text("SELECT 1"))


async def test_a_large_report_waits_for_no_thread_of_the_application() -> None:
    app, reports = guarded()
    app.get("/")(send_many)
    free, busy = threading.Event(), list[int]()

    def wait() -> None:
        busy.append(threading.get_ident())
        free.wait(BOUND)

    loop = asyncio.get_running_loop()
    tokens = int(anyio.to_thread.current_default_thread_limiter().total_tokens)
    waiting: list[Any] = [asyncio.ensure_future(anyio.to_thread.run_sync(wait)) for _ in range(tokens)]
    waiting += [loop.run_in_executor(None, wait) for _ in range(64)]
    try:
        while len(busy) < tokens:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(visit(app, "/"), BOUND)
    finally:
        free.set()
        await asyncio.gather(*waiting)
    assert [report.query_count for report in reports] == [MAX_JUDGED_FOR_HEADERS + 1]


async def test_a_large_report_is_not_made_on_the_loop_and_is_there_when_the_request_ends() -> None:
    threads: list[str] = []
    app, reports = guarded(reporters=[lambda _report: threads.append(threading.current_thread().name)])
    app.get("/")(send_many)
    await visit(app, "/")
    assert (threads, reports) == (["query_guard reports"], [])


def raising_after_many() -> tuple[QueryGuard, list[Report]]:
    """Return an application that answers its cancellation with an exception of its own."""
    reports: list[Report] = []

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await send_many()
        try:
            await asyncio.sleep(BOUND)
        except asyncio.CancelledError as error:
            raise LookupError("its own") from error

    return QueryGuard(app, reporters=[reports.append]), reports


def called(app: QueryGuard) -> Coroutine[Any, Any, None]:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    unused: Any = None
    return app(scope, unused, unused)


async def test_a_cancelled_scope_does_not_replace_the_exception_of_the_application() -> None:
    app, reports = raising_after_many()
    with pytest.raises(LookupError, match="its own"), anyio.move_on_after(0.01):
        await called(app)
    await asyncio.wait_for(own_thread.run(lambda: None), BOUND)  # what has begun goes on in the thread
    assert [report.request.exception for report in reports] == ["LookupError"]


async def test_an_application_that_is_closed_is_not_made_to_wait() -> None:
    app, reports = raising_after_many()
    request = called(app)
    request.send(None)
    request.close()
    assert [report.request.exception for report in reports] == ["GeneratorExit"]


async def test_where_no_thread_can_be_started_the_report_is_made_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    app, reports = guarded()
    app.get("/")(send_many)
    monkeypatch.setattr("query_guard.web.exchange.own_thread", OwnThread())
    monkeypatch.setattr(threading.Thread, "start", start)
    with apart():
        (response,) = await visit(app, "/")
    assert (response.status_code, len(reports)) == (200, 1)
    assert "a large report could not be made in a thread" in caplog.text


async def test_where_the_thread_fails_once_the_report_is_made_there_is_no_second_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class FailingAfterwards:
        async def run(self, work: Callable[[], None]) -> None:
            work()
            raise RuntimeError("the loop is closed")

    app, reports = guarded()
    app.get("/")(send_many)
    monkeypatch.setattr("query_guard.web.exchange.own_thread", FailingAfterwards())
    with apart():
        (response,) = await visit(app, "/")
    assert (response.status_code, len(reports)) == (200, 1)


class Blocked:
    """A job that has begun, and lasts until it is let go."""

    def __init__(self, thread: OwnThread) -> None:
        self.let_go, self.begun = threading.Event(), threading.Event()
        self.task = asyncio.ensure_future(thread.run(self._work))

    def _work(self) -> None:
        self.begun.set()
        self.let_go.wait(BOUND)

    async def wait_until_begun(self) -> None:
        while not self.begun.is_set():
            await asyncio.sleep(0.01)


async def test_work_of_a_cancelled_task_that_has_not_begun_is_done_there_and_once() -> None:
    thread, done_in = OwnThread(), list[int]()
    blocked = Blocked(thread)
    await blocked.wait_until_begun()
    task = asyncio.ensure_future(thread.run(lambda: done_in.append(threading.get_ident())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done_in == [threading.get_ident()]
    blocked.let_go.set()
    await asyncio.wait_for(blocked.task, BOUND)
    await asyncio.wait_for(thread.run(lambda: None), BOUND)
    assert done_in == [threading.get_ident()]


async def test_a_cancelled_task_does_not_wait_for_work_that_has_begun() -> None:
    thread = OwnThread()
    blocked = Blocked(thread)
    await blocked.wait_until_begun()
    blocked.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(blocked.task, BOUND)
    assert not blocked.let_go.is_set()
    blocked.let_go.set()
    await asyncio.wait_for(thread.run(lambda: None), BOUND)


async def test_what_interrupts_the_work_reaches_the_task_and_the_thread_goes_on() -> None:
    def leave() -> None:
        raise Leaving

    class Leaving(BaseException):
        pass

    thread = OwnThread()
    with pytest.raises(Leaving):
        await asyncio.wait_for(thread.run(leave), BOUND)
    await asyncio.wait_for(thread.run(lambda: None), BOUND)


async def test_work_sees_the_context_of_its_task() -> None:
    bound: ContextVar[str] = ContextVar("bound")
    bound.set("by the request")
    seen: list[str] = []
    await own_thread.run(lambda: seen.append(bound.get()))
    assert seen == ["by the request"]


async def test_its_thread_keeps_no_process_from_ending() -> None:
    threads: list[threading.Thread] = []
    await own_thread.run(lambda: threads.append(threading.current_thread()))
    assert [thread.daemon for thread in threads] == [True]


async def test_nothing_of_a_finished_job_is_kept() -> None:
    class Kept:
        def work(self) -> None: ...

    kept = Kept()
    seen = weakref.ref(kept)
    await own_thread.run(kept.work)
    await own_thread.run(lambda: None)  # the thread has let go of the first, once it has done the next
    del kept
    gc.collect()
    assert seen() is None


async def test_jobs_of_several_loops_are_reported_to_their_own() -> None:
    thread, done = OwnThread(), list[int]()
    loops = [asyncio.to_thread(asyncio.run, thread.run(partial(done.append, number))) for number in range(5)]
    await asyncio.wait_for(asyncio.gather(*loops), BOUND)
    assert sorted(done) == [0, 1, 2, 3, 4]


FORKS = """
import asyncio, os, threading
from query_guard.web.own_thread import own_thread

begun, let_go, done = threading.Event(), threading.Event(), []

def block():
    begun.set()
    let_go.wait()

async def parent():
    blocked = asyncio.ensure_future(own_thread.run(block))
    queued = asyncio.ensure_future(own_thread.run(lambda: done.append("the parent's")))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    child = os.fork()
    if child == 0:
        asyncio.events._set_running_loop(None)
        asyncio.run(own_thread.run(lambda: done.append("the child's")))
        os._exit(done != ["the child's"])
    _, status = os.waitpid(child, 0)
    let_go.set()
    await asyncio.gather(blocked, queued)
    print(status, done)

asyncio.run(parent())
"""


async def test_a_forked_process_has_a_thread_and_jobs_of_its_own() -> None:
    run = partial(subprocess.run, [sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True)
    ended = await asyncio.to_thread(run, timeout=BOUND)
    assert (ended.stdout, ended.stderr) == ('0 ["the parent\'s"]\n', "")
