"""Windows are opened and sealed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token

from query_guard.capture.event_loop import heart_here
from query_guard.capture.leaks import settle
from query_guard.capture.recorder import Recorder
from query_guard.capture.window import Window, current, watchers


class open_window:
    """Record this context's statements until the block ends, and those of everything it starts.

    A class, since a generator would cost every request several times as much.
    """

    __slots__ = ("_heart", "_is_request", "_recorder", "_token", "_window")

    def __init__(self, recorder: Recorder, *, request: bool = False) -> None:
        self._recorder = recorder
        self._is_request = request
        self._token: Token[Window | None]

    def __enter__(self) -> Window:
        recorder = self._recorder
        window = self._window = Window(recorder, current.get(), request=self._is_request)
        self._token = current.set(window)
        heart = self._heart = heart_here()
        if heart is not None:
            recorder.loop_blocks = heart.blocks
            heart.enter()
        return window

    def __exit__(self, *_: object) -> None:
        if self._heart is not None:
            self._heart.leave()
        if self._is_request and self._recorder.checkouts:
            settle(self._window, self._recorder)
        self._window.seal()
        try:  # noqa: SIM105 - cheaper than suppress(), for each request
            current.reset(self._token)
        except ValueError:  # a framework may leave a generator in another context than it entered
            pass


@contextmanager
def watch_process() -> Iterator[Recorder]:
    """Record every statement of the process until the block ends, whichever context sends it."""
    recorder = Recorder()
    watchers.append(recorder)
    try:
        yield recorder
    finally:
        watchers.remove(recorder)
