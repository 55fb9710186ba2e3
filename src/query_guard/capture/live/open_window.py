"""Windows are opened and sealed here."""

from __future__ import annotations

from contextlib import suppress
from contextvars import Token

from query_guard.capture.live.event_loop import Heartbeat, heartbeat_here
from query_guard.capture.live.leaks import settle
from query_guard.capture.window.window import Window, current


class open_window(Window):
    """Record this context's statements until the block ends, and those of everything it starts.

    The window is its own context manager, since a generator would cost every request several times as much. Where even
    `with` is too dear, and where the window must be left though its own code fails, `current` is set and reset by hand.
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
        """Begin, before the window becomes the context's own."""
        self.heartbeat: Heartbeat | None = None
        """That of the loop it was opened in, while it is open."""
        heartbeat = heartbeat_here()
        if heartbeat is None:
            return
        if self.request == self.serial:  # a block may be left open for longer than its loop runs
            self.loop = heartbeat.loop()
            self.thread = heartbeat.thread
        if self.recorder is not None:
            self.recorder.loop_blocks = heartbeat.blocks
        if not heartbeat.is_active:
            heartbeat.begin()
        heartbeat.windows += 1
        self.heartbeat = heartbeat

    def close(self) -> None:
        heartbeat, self.heartbeat = self.heartbeat, None
        try:
            if heartbeat is not None:
                heartbeat.windows -= 1
                heartbeat.settle()
            recorder = self.recorder
            if recorder is not None and recorder.checkouts and self.request == self.serial:
                settle(self, recorder)
        finally:
            self.seal()
