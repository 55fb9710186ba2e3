"""The window: who records now, and until when.

A window belongs to a context (ContextVar), so that a request's tasks, threads and greenlets find it. What stands in
the ContextVar is a slim holder, emptied at the end: pooled asyncpg connections and spawned tasks keep the context of
the request that made them, and must not keep its rows. A watcher is a recorder that sees the whole process (tests).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from query_guard.capture.recorder import BEFORE_RESPONSE, Recorder
from query_guard.capture.rows import Row
from query_guard.capture.stays import Origin
from query_guard.records import Engine, LateCounter

_serials = itertools.count(1)
_lock = threading.Lock()


class Window:
    """The holder in the ContextVar. `recorder` is None once the window is sealed; what comes then is late."""

    __slots__ = ("_origin", "describe", "late", "outer", "recorder", "request", "serial", "stages")

    def __init__(self, recorder: Recorder, outer: Window | None, *, request: bool) -> None:
        self._origin: Origin | None = None
        self.describe: Callable[[], str] | None = None
        """Names what the window was opened for, while it is open."""
        self.serial = next(_serials)
        self.recorder: Recorder | None = recorder
        self.outer = outer
        self.request: int = self.serial if request else (outer.request if outer else 0)
        self.late = LateCounter()
        recorder.request = self.request
        self.stages: Recorder | None = recorder if request or outer is None else outer.stages
        """The recorder of the request around, which knows where its ASGI messages stand."""

    @property
    def origin(self) -> Origin:
        """Whose a checkout is; made with the first one."""
        if self._origin is None:
            with _lock:
                self._origin = self._origin or Origin(self.describe)
        return self._origin

    def seal(self) -> None:
        self.describe = None
        if self._origin is not None:
            self._origin.close()
        self.recorder = self.stages = None


current: ContextVar[Window | None] = ContextVar("query_guard_window", default=None)
watchers: list[Recorder] = []


def recorders(window: Window | None) -> Iterator[Recorder]:
    """The open recorders around a context, innermost first, then the watchers of the process."""
    while window is not None:
        if window.recorder is not None:
            yield window.recorder
        window = window.outer
    yield from watchers


def watching(window: Window | None, engine: Engine) -> Iterator[Recorder]:
    """Those of them that watch an engine."""
    for recorder in recorders(window):
        if recorder.engines is None or engine.serial in recorder.engines:
            yield recorder


def who_wants(window: Window | None, engine: Engine) -> Recorder | None:
    """Return the innermost recorder that wants a statement's details; None when it is only to be counted."""
    while window is not None:
        recorder = window.recorder
        if (
            recorder is not None
            and recorder.room > 0
            and (recorder.engines is None or engine.serial in recorder.engines)
        ):
            return recorder
        window = window.outer
    return watchers[0] if watchers else None


def deliver(window: Window | None, engine: Engine, row: Row) -> None:
    """Hand a finished row to each window it belongs to; a sealed one only counts it as late."""
    while window is not None:
        recorder = window.recorder
        if recorder is None:
            _count_late(window)
        elif recorder.engines is None or engine.serial in recorder.engines:
            recorder.add(row)
        window = window.outer
    for watcher in watchers:
        watcher.add(row)


def count(window: Window | None, engine: Engine, duration: float) -> None:
    """Count a statement whose details nobody wants."""
    while window is not None:
        recorder = window.recorder
        if recorder is None:
            _count_late(window)
        elif recorder.engines is None or engine.serial in recorder.engines:
            recorder.count(duration)
        window = window.outer


def _count_late(window: Window) -> None:
    with _lock:
        window.late.count += 1


def is_recording() -> bool:
    """Whether a statement sent now would be seen by anyone."""
    return bool(watchers) or current.get() is not None


def stage_of(window: Window | None) -> int:
    """Where the ASGI messages stand in the window's request."""
    stages = window.stages if window is not None else None
    return stages.stage if stages is not None else BEFORE_RESPONSE
