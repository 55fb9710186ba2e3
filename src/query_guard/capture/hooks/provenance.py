"""Which statement brought an object: SQLAlchemy numbers its loads, and each object carries the number of its own.

The function that gives the numbers (`runid`) out is replaced by one that goes on where that stood, and notes in the
open windows which row had just been appended: the ORM calls it right after the execution, in the same thread, and
awaits nothing between. Only plain numbers are kept, so nothing is kept alive.
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
from query_guard.capture.window.recorder import LOAD_BYTES, Recorder
from query_guard.capture.window.rows import INFO, SHARED
from query_guard.capture.window.window import Window, current, recorders, watchers
from query_guard.own_errors import report_own_error

_COUNTER = "_new_runid"
_LOOK_BACK = 20


def install() -> None:
    """Learn the number of each load; called once."""
    module: Any = loading
    if hasattr(module, _COUNTER):
        setattr(module, _COUNTER, _noting(module._new_runid))


def _noting(new_number: Callable[[], int]) -> Callable[[], int]:
    """Return a counter that goes on where another stands; `next` of a C iterator is as atomic as the lock in that."""
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
    """Note the load in each window that kept its statement, which may not be the last one there."""
    interested = [recorder for recorder in recorders(window) if recorder.room > 0]
    if interested:
        info = _info_of_load()
        for recorder in interested:
            _add(recorder, info, number)


def _info_of_load() -> UnreadInfo | None:
    """Return what is known of the statement whose load is being numbered: it is a local of the ORM's `instances`."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "instances":
        frame = frame.f_back
    return getattr(frame.f_locals["cursor"].context.compiled, ON_COMPILED, None) if frame is not None else None


def _add(recorder: Recorder, info: UnreadInfo | None, number: int) -> None:
    """Note the last row that is of a statement; where threads share the window, others may have followed it."""
    rows = recorder.rows
    position = len(rows)
    for place in range(position, max(0, position - _LOOK_BACK), -1):
        if info is None or rows[place - 1][SHARED][INFO] is info:
            recorder.loads += (number, place)
            recorder.room -= LOAD_BYTES
            return
