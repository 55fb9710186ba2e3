"""Windows: which recorders are open around a context.

A window belongs to a context (ContextVar), so that the tasks, threads and greenlets of a request find it. The
ContextVar holds a small object that is emptied at the end: pooled asyncpg connections and spawned tasks keep the
context of the request that made them, and must not keep its rows. A watcher is a recorder for the whole process, as
tests use it.
"""

from __future__ import annotations

import itertools
import threading
from asyncio import AbstractEventLoop
from asyncio.events import _get_running_loop
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from threading import get_ident

from query_guard.capture.window.open_checkout import Stages
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import Batches
from query_guard.capture.window.stages import BEFORE_RESPONSE
from query_guard.own_errors import report_own_error
from query_guard.records import Engine, LateCounter, Request

new_serial = itertools.count(1).__next__
_lock = threading.Lock()


class Window:
    """The small object in the ContextVar. Once the window is sealed, it has no recorder, and statements are late."""

    __slots__ = (
        "_late", "_opened_for", "describe", "has_checkouts", "is_counted_only", "loop", "outer", "recorder", "request",
        "serial", "stages", "thread",
    )  # fmt: skip

    def __init__(self, recorder: Recorder, request: bool = False) -> None:
        outer: Window | None = current.get()
        while outer is not None and outer.recorder is None and outer.outer is not None:
            outer = outer.outer  # sealed windows, which a context may still hold, would make an ever longer chain
        self.describe: Callable[[], Request] | None = None
        """Returns the request or block of the window, while it is open."""
        self._opened_for: Request | None = None
        self.serial = serial = new_serial()
        self.recorder: Recorder | None = recorder
        self.outer: Window | None = outer
        self._late: LateCounter | None = None
        self.loop: AbstractEventLoop | None = None
        """The loop that runs in `thread` while the window is open, if it was opened by one of its tasks."""
        self.thread = 0
        self.has_checkouts = False
        """Whether a connection of any engine was checked out in it."""
        self.is_counted_only = outer is None and recorder.room <= 0
        """Whether it only counts statements, so that checkouts and transactions need no record of their own."""
        self.stages: Stages | None
        """What knows the stage of the surrounding request: its recorder, or its window."""
        if request or outer is None:
            self.request = serial if request else 0
            self.stages = recorder
        else:
            self.request = outer.request
            self.stages = outer.stages
        recorder.request = self.request

    @property
    def name(self) -> str:
        """The name of its request or block; empty after the end, unless a connection was checked out in it."""
        request = self._described() if self.describe is not None else self._opened_for
        return request.name if request is not None else ""

    @property
    def is_sealed(self) -> bool:
        """Whether it has ended, so that nothing more enters its report."""
        return self.recorder is None

    def ensure_recorder(self) -> Recorder | None:
        """Return the recorder, which is made now if there was no need of it before; None once the window is sealed."""
        return self.recorder

    def _described(self) -> Request | None:
        try:
            return self.describe() if self.describe is not None else None
        except Exception:
            report_own_error("the request of a window could not be described")
            return None

    @property
    def late(self) -> LateCounter:
        if self._late is None:
            with _lock:
                self._late = self._late or LateCounter()
        return self._late

    def count(self, engine: Engine, duration: float, batches: Batches | None) -> None:
        """Count a statement whose details are not kept."""
        recorder = self.ensure_recorder()
        if recorder is None:
            self.count_late()
        elif recorder.engines is None or engine.serial in recorder.engines:
            recorder.count(duration, batches)

    def count_late(self) -> None:
        """Count a statement that was sent after the window was sealed."""
        late = self.late
        with _lock:
            late.count += 1

    def seal(self) -> None:
        if self.has_checkouts and self.describe is not None:
            self._opened_for = self._described()
        self.describe = self.recorder = self.stages = self.loop = None
        self.thread = 0


current: ContextVar[Window | None] = ContextVar("query_guard_window", default=None)
watchers: list[Recorder] = []


def loop_here(window: Window | None) -> AbstractEventLoop | None:
    """Return the event loop that runs in this thread. A window knows it faster than CPython 3.11, which asks the OS."""
    if window is not None and window.thread == get_ident():
        return window.loop
    return _get_running_loop()


def recorders(window: Window | None) -> Iterator[Recorder]:
    """Yield the open recorders around a context, innermost first, then the watchers of the process."""
    while window is not None:
        recorder = window.ensure_recorder()
        if recorder is not None:
            yield recorder
        window = window.outer
    yield from watchers


def sole_recorder(window: Window | None) -> Recorder | None:
    """Return the recorder, if there is only one and it watches all engines, as in most requests; else None."""
    if window is None or window.outer is not None or watchers:
        return None
    recorder = window.recorder
    return recorder if recorder is not None and recorder.engines is None else None


def watching(window: Window | None, engine: Engine) -> Iterator[Recorder]:
    """Yield the open recorders that watch an engine."""
    for recorder in recorders(window):
        if recorder.engines is None or engine.serial in recorder.engines:
            yield recorder


def is_recorded_with_parameters(window: Window | None) -> bool:
    """Whether any recorder around a context keeps the values of binds."""
    return any(recorder.parameters for recorder in recorders(window))


def is_recording() -> bool:
    """Whether any recorder would get the details of a statement that is sent now."""
    window = current.get()
    return bool(watchers) or (window is not None and not window.is_counted_only)


def stage_of(window: Window | None) -> int:
    """Return the stage of the window's request."""
    stages = window.stages if window is not None else None
    return stages.stage if stages is not None else BEFORE_RESPONSE
