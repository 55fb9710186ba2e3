"""The window of a request that is not sampled: most often it only counts statements."""

from __future__ import annotations

import threading
from time import perf_counter

from query_guard.capture.live.leaks import judge_open_checkouts
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.allowed import allowed
from query_guard.capture.window.counting_recorder import CountingRecorder
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import Batches
from query_guard.capture.window.stages import BEFORE_RESPONSE
from query_guard.capture.window.window import Window, new_serial
from query_guard.records import Engine

_lock = threading.Lock()
MOST_COUNTED = 500
"""The most statements that are counted without a recorder, which sums up where a list would become long."""


class CountingWindow(open_window):
    """A window that only counts, without any around it. A recorder is made where there is more to keep than a count.

    It knows the stage of its request itself, and is open while `stages` leads there.
    """

    __slots__ = ("_allowances", "_engines", "_started", "counted", "stage")

    def __init__(self, engines: frozenset[int] | None) -> None:
        self._started = perf_counter()
        self._engines = engines
        self._allowances = allowed.get()
        self.counted: list[float] = []
        """Seconds of the statements; its recorder, if it has one, goes on with this list."""
        self.stage = BEFORE_RESPONSE
        self.stages = self
        self.serial = self.request = new_serial()
        self.recorder: Recorder | None = None
        self.outer: Window | None = None
        self._late = self._opened_for = self.describe = self.loop = self.heartbeat = None
        self.thread = 0
        self.has_checkouts = False
        self.is_counted_only = True

    @property
    def is_sealed(self) -> bool:
        return self.stages is None

    def count(self, engine: Engine, duration: float, batches: Batches | None) -> None:
        if (
            batches is None
            and self._engines is None
            and self.recorder is None
            and len(self.counted) < MOST_COUNTED
            and self.stages is not None
        ):
            self.counted.append(duration)
        else:
            super().count(engine, duration, batches)

    def ensure_recorder(self) -> Recorder | None:
        if self.recorder is None:
            with _lock:
                if self.recorder is None and self.stages is not None:
                    self.recorder = self.new_recorder(self.counted)
        return self.recorder

    def new_recorder(self, counted: list[float]) -> Recorder:
        """Return a recorder of the request that goes on with the statements that were counted so far."""
        return CountingRecorder(self._engines, self._started, self._allowances, counted, self.request)

    def close(self) -> Recorder | None:
        recorder = self.recorder
        try:
            if recorder is not None and recorder.checkouts:
                judge_open_checkouts(self, recorder)
        finally:
            with _lock:  # another thread may be making a recorder
                recorder = self.recorder
                self.seal()
        return recorder

    def seal(self) -> None:
        super().seal()
        self.counted = []  # whoever still needs the numbers has them; a context may hold the window for long
