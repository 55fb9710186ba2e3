"""Windows are opened and sealed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token

from query_guard.capture.event_loop import Heart, heart_here
from query_guard.capture.leaks import settle
from query_guard.capture.recorder import Recorder
from query_guard.capture.window import Window, current, watchers


class open_window(Window):
    """Record this context's statements until the block ends, and those of everything it starts.

    The window is its own context manager, since a generator would cost every request several times as much; where
    even `with` is too dear, it is opened and closed by hand.
    """

    __slots__ = ("_token", "heart")

    def __enter__(self) -> open_window:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        self._token: Token[Window | None] = current.set(self)
        heart = heart_here()
        self.heart: Heart | None = heart
        """That of the loop it was opened in, while it is open."""
        if heart is not None:
            if self.request == self.serial:  # a block may be left open for longer than its loop runs
                self.loop = heart.loop()
                self.thread = heart.thread
            if self.recorder is not None:
                self.recorder.loop_blocks = heart.blocks
            heart.windows += 1
            if not heart.is_beating:
                heart.begin()

    def close(self) -> None:
        heart = self.heart
        if heart is not None:
            heart.settle()
            heart.windows -= 1
            self.heart = None
        recorder = self.recorder
        if recorder is not None and recorder.checkouts and self.request == self.serial:
            settle(self, recorder)
        self.seal()
        try:  # noqa: SIM105 - cheaper than suppress(), for each request
            current.reset(self._token)
        except ValueError:  # a framework may leave a generator in another context than it entered
            pass
        del self._token


@contextmanager
def watch_process() -> Iterator[Recorder]:
    """Record every statement of the process until the block ends, whichever context sends it."""
    recorder = Recorder()
    watchers.append(recorder)
    try:
        yield recorder
    finally:
        watchers.remove(recorder)
