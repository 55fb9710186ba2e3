"""The window: who records now, how much, and until when.

A window belongs to a context (ContextVar), so that a request's tasks, threads and greenlets find it. What stands in
the ContextVar is a slim holder, emptied at the end: pooled asyncpg connections and spawned tasks keep the context of
the request that made them, and must not keep its rows. A watcher is a recorder that sees the whole process (tests).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import perf_counter
from typing import TypeAlias

from query_guard.allowances import Allowance
from query_guard.capture.rows import FailedLoadRow, OpenCheckout, OpenTransaction, Row
from query_guard.records import CallSite, Engine, LateCounter

WINDOW_BYTES = 500_000
"""What the details of one window may weigh; counts go on beyond it."""
ROW_BYTES = 460
"""What a row weighs with all that belongs to it alone, as `make bench` measures it."""

BEFORE_RESPONSE, STREAMING, AFTER_RESPONSE = range(3)
"""Where the ASGI messages of a request stand."""

allowed: ContextVar[tuple[Allowance, ...]] = ContextVar("query_guard_allowed", default=())
"""Allowances of the blocks around, for the windows opened inside them."""

ReadKey: TypeAlias = tuple[str, bool, tuple[str, ...], CallSite]
"""A relationship, whether it was read only to be counted, and then its foreign key and where."""

allowed_in_process: list[Allowance] = []
"""Allowances for the windows of every context, as a test's marker gives them."""

_serials = itertools.count(1)


class Recorder:
    """Rows of one window. `list.append` is atomic, so threads may add without a lock while there is room."""

    def __init__(
        self, *, details: bool = True, engines: frozenset[int] | None = None, parameters: bool = False
    ) -> None:
        self.started = perf_counter()
        self.request = 0
        self.engines = engines
        self.parameters = parameters
        self.allowances: list[Allowance] = [*allowed.get(), *allowed_in_process]
        self.stage = BEFORE_RESPONSE
        self.rows: list[Row] = []
        self.checkouts: list[OpenCheckout] = []
        self.transactions: list[OpenTransaction] = []
        self.failed_loads: list[FailedLoadRow] = []
        self.reads: dict[ReadKey, int] | None = None
        self.dropped = 0
        self.dropped_time = 0.0
        self.room = WINDOW_BYTES if details else 0
        self._texts: set[str] = set()
        self._lock = threading.Lock()

    def add(self, row: Row) -> None:
        if self.room > 0:
            self.room -= ROW_BYTES
            if row.sql not in self._texts:
                self._texts.add(row.sql)
                self.room -= len(row.sql)
            if row.parameters:
                self.room -= sum(map(len, row.parameters))
            self.rows.append(row)
        else:
            self.count(row.duration)

    def add_checkout(self, checkout: OpenCheckout) -> None:
        if self.room > 0:
            self.room -= ROW_BYTES
            self.checkouts.append(checkout)

    def add_transaction(self, transaction: OpenTransaction) -> None:
        if self.room > 0:
            self.room -= ROW_BYTES
            self.transactions.append(transaction)

    def add_failed_load(self, load: FailedLoadRow) -> None:
        if self.room > 0:
            self.room -= ROW_BYTES
            self.failed_loads.append(load)

    def count(self, duration: float) -> None:
        """Count a statement whose details do not fit."""
        with self._lock:
            self.dropped += 1
            self.dropped_time += duration

    @property
    def query_count(self) -> int:
        return len(self.rows) + self.dropped

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a database has been seen: most requests of most applications."""
        return not (self.rows or self.checkouts or self.dropped or self.failed_loads or self.transactions or self.reads)


class Window:
    """The holder in the ContextVar. `recorder` is None once the window is sealed; what comes then is late."""

    __slots__ = ("late", "outer", "recorder", "request", "serial", "stages")

    def __init__(self, recorder: Recorder, outer: Window | None, *, request: bool) -> None:
        self.serial = next(_serials)
        self.recorder: Recorder | None = recorder
        self.outer = outer
        self.request: int = self.serial if request else (outer.request if outer else 0)
        self.late = LateCounter()
        recorder.request = self.request
        self.stages: Recorder | None = recorder if request or outer is None else outer.stages
        """The recorder of the request around, which knows where its ASGI messages stand."""

    def seal(self) -> None:
        self.recorder = self.stages = None


current: ContextVar[Window | None] = ContextVar("query_guard_window", default=None)
watchers: list[Recorder] = []
_late_lock = threading.Lock()


@contextmanager
def open_window(recorder: Recorder, *, request: bool = False) -> Iterator[Window]:
    """Record this context's statements until the block ends, and those of everything it starts."""
    window = Window(recorder, current.get(), request=request)
    token = current.set(window)
    try:
        yield window
    finally:
        window.seal()
        with suppress(ValueError):  # a framework may leave a generator in another context than it entered
            current.reset(token)


@contextmanager
def watch_process() -> Iterator[Recorder]:
    """Record every statement of the process until the block ends, whichever context sends it."""
    recorder = Recorder()
    watchers.append(recorder)
    try:
        yield recorder
    finally:
        watchers.remove(recorder)


def recorders(window: Window | None) -> Iterator[Recorder]:
    """The open recorders around a context, innermost first, then the watchers of the process."""
    while window is not None:
        if window.recorder is not None:
            yield window.recorder
        window = window.outer
    yield from watchers


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
    with _late_lock:
        window.late.count += 1


def is_recording() -> bool:
    """Whether a statement sent now would be seen by anyone."""
    return bool(watchers) or current.get() is not None


def stage_of(window: Window | None) -> int:
    """Where the ASGI messages stand in the window's request."""
    stages = window.stages if window is not None else None
    return stages.stage if stages is not None else BEFORE_RESPONSE
