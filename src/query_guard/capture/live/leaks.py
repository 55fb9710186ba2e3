"""Decide at the end of a window which of its open connections are leaked, and which may still be returned."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.events import _get_running_loop
from types import FrameType

from query_guard.capture.live.session_owners import is_held_by_another
from query_guard.capture.live.tasks import window_of
from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.source_files import APPLICATION, kind_of
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.stages import STREAMING
from query_guard.capture.window.window import Window, watchers

_RUNS_IN_TASK = os.path.join("starlette", "middleware", "base.py")
"""Middleware that runs the application in another task, and waits for it."""
_SERVERS = ("uvicorn", "hypercorn", "granian", "daphne", "mangum", "httpx", "httpx2")
"""Libraries that call the application: frames outside of them are not the application's."""
_CALLERS = (*(f"{os.sep}{name}{os.sep}" for name in _SERVERS), os.path.join("starlette", "testclient.py"))


def judge_open_checkouts(window: Window, recorder: Recorder) -> None:
    """Set the outcome of checkouts that are open at the end of a request; call it where the request ran.

    A checkout is leaked only if nothing is left that could return it: no running statement, task, thread or stream of
    the request, no middleware of the application around it, and no session of a test that the request used.
    """
    held = [
        checkout for checkout in recorder.checkouts if checkout.outcome == "open" and checkout.request == window.request
    ]
    if held:
        may_return = _is_wrapped(sys._getframe(1)) or _other_task_runs(window)
        for checkout in held:
            is_late = may_return or checkout.running or checkout.stage == STREAMING or _thread_works(checkout)
            is_late = is_late or (bool(watchers) and is_held_by_another(checkout))
            checkout.outcome = "late" if is_late else "leaked"


def _other_task_runs(window: Window) -> bool:
    if _get_running_loop() is None:
        return False
    own_task = asyncio.current_task()
    return any(_runs_in(task, window) for task in asyncio.all_tasks() if task is not own_task)


def _runs_in(task: asyncio.Task[object], window: Window) -> bool:
    inner = window_of(task)
    while inner is not None and inner is not window:
        inner = inner.outer
    return inner is window


def _is_wrapped(frame: FrameType | None) -> bool:
    """Whether code of the application is still running around the guard, and may close the connection."""
    while frame is not None:
        file = frame.f_code.co_filename
        if any(name in file for name in _CALLERS):
            return False
        if kind_of(file) is APPLICATION or file.endswith(_RUNS_IN_TASK):
            return True
        frame = frame.f_back
    return False


def _thread_works(checkout: OpenCheckout) -> bool:
    """Whether the thread that checked the connection out is running code of the application."""
    if checkout.owner is not None:
        return False
    frame = sys._current_frames().get(checkout.task)
    return frame is not None and frame is not sys._getframe() and bool(call_site(frame).frames)
