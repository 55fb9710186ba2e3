"""Windows as the hot path opens them, within one another, and with no room for details."""

from __future__ import annotations

from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window, current


def full() -> Recorder:
    recorder = Recorder()
    recorder.room = 0
    return recorder


def inside(outer: Window, recorder: Recorder | None = None, *, request: bool = False) -> Window:
    token = current.set(outer)
    window = Window(recorder or Recorder(), request)
    current.reset(token)
    return window
