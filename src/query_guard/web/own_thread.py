"""One daemon thread of the guard's own, for work that is too long for the event loop.

The application's threads are not asked for: all of them may be busy, with requests that wait for one another. One is
enough, as the work is Python's and takes turns with the loop in any case.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from queue import SimpleQueue

Work = Callable[[], None]


class _Job:
    """Work that is done once, by whoever comes first, in the context of the task that asked for it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._context = copy_context()  # log reporters read what the application has bound there
        self._begun = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def do(self) -> None:
        """Do the work, unless it has begun elsewhere."""
        if self._begun.acquire(blocking=False):
            self._context.run(self._work)

    def do_in_thread(self) -> None:
        """Do the work and tell the task of its end, or of what interrupted it."""
        error: BaseException | None = None
        try:
            self.do()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop may be closed by now
            self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


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
        job = _Job(work)
        self._start()
        self._jobs.put(job)
        try:
            await job.done
        except asyncio.CancelledError:
            job.do()
            raise

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=_do_jobs, args=(self._jobs,), name="query_guard reports", daemon=True)
                thread.start()
                self._thread = thread


def _do_jobs(jobs: SimpleQueue[_Job]) -> None:
    while True:
        jobs.get().do_in_thread()  # without a name, which would keep its request alive until the next


own_thread = OwnThread()
