"""One daemon thread of the guard's own, for work that is too long for the event loop.

The application's threads are not asked for: all of them may be busy, with requests that wait for one another. One is
enough, as the work is Python's and takes turns with the loop in any case.
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
    """Work that is done once, by whoever comes first, in the context of the task that asked for it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._context = copy_context()  # log reporters read what the application has bound there
        self.done: Future[None] = Future()

    def do(self) -> None:
        self._context.run(self._work)


class OwnThread:
    """Does one job after the other; it begins with the first, and again in a process that was forked."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Begin with nothing: the jobs of a parent process are its own, and its locks may be held for ever."""
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    async def run(self, work: Work) -> None:
        """Return once `work` has run in the thread.

        Where this task is cancelled, work that has begun goes on there, and work that has not is done here and now.
        Raises RuntimeError, and does nothing, where no asyncio loop runs or no thread can be started.
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
    """Do the jobs; whatever happens to one, the task that waits for it is told."""
    job: _Job | None
    while True:
        job = None  # a name would keep its request alive until the next
        try:
            job = jobs.get()
            if job.done.set_running_or_notify_cancel():
                job.do()
                job.done.set_result(None)
        except BaseException as error:
            if job is not None and not job.done.done():
                job.done.set_exception(error)


own_thread = OwnThread()
