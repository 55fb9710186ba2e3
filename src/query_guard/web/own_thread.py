"""One daemon thread of the guard's own, for work that is too long for the event loop.

The application's threads are not used: all of them may be busy, with requests that block each other. One thread is
enough: the work is pure Python, so that it shares the interpreter lock with the event loop anyway.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue

from query_guard.own_errors import contained

Work = Callable[[], None]
_FAILURE = "the thread for large reports has ended"


class _Job:
    """Work that is done once, in the context of the task that needs it: by the thread, or by the task itself."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._context = copy_context()  # log reporters read what the application has bound in it
        self.done: Future[None] = Future()

    def do(self) -> None:
        self._context.run(self._work)


class OwnThread:
    """A thread that does one job after the other. It starts with the first job, and again in a forked process."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Begin without jobs: those of a parent process stay there, and its locks may be held for ever."""
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    async def run(self, work: Work) -> None:
        """Return once `work` has run in the thread.

        If this task is cancelled, work that has begun goes on in the thread. Work that has not begun is done here.
        Raises RuntimeError, and does nothing, if no asyncio loop runs or no thread can be started.
        """
        asyncio.get_running_loop()
        job = _Job(work)
        self._start()
        self._jobs.put(job)
        try:
            await asyncio.wrap_future(job.done)
        except asyncio.CancelledError:
            if job.done.cancel():
                job.do()
            raise

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(
                    target=contained(_do_jobs, _FAILURE), args=(self._jobs,), name="query_guard reports", daemon=True
                )
                thread.start()
                self._thread = thread


def _do_jobs(jobs: SimpleQueue[_Job]) -> None:
    """Do the jobs for ever; an exception of a job is raised in the task that waits for it."""
    job: _Job | None
    while True:
        job = None  # a reference would keep its request alive until the next job
        try:
            job = jobs.get()
            if job.done.set_running_or_notify_cancel():
                job.do()
                job.done.set_result(None)
        except BaseException as error:
            if job is not None and not job.done.done():
                job.done.set_exception(error)


own_thread = OwnThread()
