"""Open windows and seal them."""

from __future__ import annotations

from contextlib import suppress
from contextvars import Token

from query_guard.capture.live.event_loop import Heartbeat, heartbeat_here
from query_guard.capture.live.leaks import judge_open_checkouts
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window, current


class open_window(Window):
    """Record the statements of this context, and of all that it starts, until the block ends.

    The window is its own context manager, since a generator would be several times slower. The middleware sets and
    resets `current` itself, without `with`: that is faster, and it can leave the window when the code here fails.
    """

    __slots__ = ("_token", "heartbeat")

    def __enter__(self) -> open_window:
        self.open()
        self._token: Token[Window | None] = current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError):  # a framework may leave a generator in another context than it entered
            current.reset(self._token)
        self.close()

    def open(self) -> None:
        """Begin; call it before the window is set as `current`. One that only counts has nothing to begin."""
        self.heartbeat: Heartbeat | None = None
        """The heartbeat of its loop, while the window is open."""
        if self.is_counted_only:
            return
        heartbeat = heartbeat_here()
        if heartbeat is None:
            return
        if self.request == self.serial:  # only a request: a block may stay open for longer than its loop runs
            self.loop = heartbeat.loop()
            self.thread = heartbeat.thread
        if self.recorder is not None:
            self.recorder.loop_blocks = heartbeat.blocks
        if not heartbeat.is_active:
            heartbeat.begin()
        heartbeat.windows += 1
        self.heartbeat = heartbeat

    def close(self) -> Recorder | None:
        """End, and return the recorder that the window had."""
        recorder = self.recorder
        try:
            if recorder is not None and (not self.is_counted_only or recorder.checkouts):
                self._end(recorder)
        finally:
            self.seal()
        return recorder

    def _end(self, recorder: Recorder) -> None:
        heartbeat, self.heartbeat = self.heartbeat, None
        if heartbeat is not None:
            heartbeat.windows -= 1
            heartbeat.settle()
        if recorder.checkouts and self.request == self.serial:
            judge_open_checkouts(self, recorder)
