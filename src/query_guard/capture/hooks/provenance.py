"""Which statement loaded an object: SQLAlchemy numbers its loads, and each object has the number of its load.

The function that makes the numbers (`runid`) is replaced by one that continues them, and notes in the open windows
which row was appended last: the ORM calls it right after the execution, in the same thread, and awaits nothing in
between. Only plain numbers are kept, so no object is kept alive.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from threading import get_ident
from types import FrameType
from typing import Any

from sqlalchemy.orm import loading

from query_guard.capture.origin.statement_info import ON_COMPILED, UnreadInfo
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import INFO, SHARED
from query_guard.capture.window.sizes import LOAD_BYTES
from query_guard.capture.window.window import Window, current, recorders, watchers
from query_guard.own_errors import report_own_error

_COUNTER = "_new_runid"
_LOOK_BACK = 20


def install() -> None:
    """Note the number of each load from now on; called once."""
    module: Any = loading
    if hasattr(module, _COUNTER):
        setattr(module, _COUNTER, _noting(module._new_runid))


def _noting(new_number: Callable[[], int]) -> Callable[[], int]:
    """Return a counter that continues another one. `next` of a C iterator is atomic, as the original is by its lock."""
    numbers = count(new_number() + 1)

    def noted_number() -> int:
        number = next(numbers)
        try:
            window = current.get()
            if window is None or window.outer is not None or watchers:
                if window is not None or watchers:
                    _note(window, number)
                return number
            recorder = window.recorder
            if recorder is not None and recorder.room > 0:
                if get_ident() == recorder.thread:  # as in most requests
                    recorder.loads += (number, len(recorder.rows))
                    recorder.room -= LOAD_BYTES
                else:
                    _note(window, number)
        except Exception:
            report_own_error("which statement brought an object could not be noted")
        return number

    return noted_number


def _note(window: Window | None, number: int) -> None:
    """Note the load in each window that has the row of its statement, which may not be the last row there."""
    interested = [recorder for recorder in recorders(window) if recorder.room > 0]
    if interested:
        info = _info_of_load()
        for recorder in interested:
            _add(recorder, info, number)


def _info_of_load() -> UnreadInfo | None:
    """Return the info of the statement whose load gets a number; its cursor is a local of the ORM's `instances`."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "instances":
        frame = frame.f_back
    return getattr(frame.f_locals["cursor"].context.compiled, ON_COMPILED, None) if frame is not None else None


def _add(recorder: Recorder, info: UnreadInfo | None, number: int) -> None:
    """Note the load for the last row of its statement; rows of other threads may have followed that row."""
    rows = recorder.rows
    last = len(rows)
    for position in range(last, max(0, last - _LOOK_BACK), -1):
        if info is None or rows[position - 1][SHARED][INFO] is info:
            recorder.loads += (number, position)
            recorder.room -= LOAD_BYTES
            return
