"""Where a test has called the application: the outermost frame of the application inside the test's own frames."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from threading import get_ident
from types import FrameType
from typing import NamedTuple

from query_guard.capture.live.tasks import suspended
from query_guard.capture.origin.frames import frames_from
from query_guard.capture.origin.source_files import APPLICATION, LIBRARY, TASK, kind_of


class Entry(NamedTuple):
    """The outermost frame of the application in a stack, or None; and whether test code has called it.

    `is_started` says that no test code is on the stack: it is the stack of a task or thread that somebody has started.
    """

    frame: FrameType | None
    is_of_test: bool
    is_started: bool


def entry_of(stack: Iterable[FrameType], is_test_code: Callable[[str], bool]) -> Entry:
    """Return where the test, or whoever has started this task or thread, has called the application.

    The frames come innermost first, as in `frames_from`.
    """
    entry = pending = None
    met_test, boundary = False, ""
    for frame in stack:
        file = frame.f_code.co_filename
        kind = kind_of(file)
        if kind is APPLICATION:
            if not is_test_code(file):
                pending = frame
            else:
                met_test = True
                if pending is not None:
                    entry, pending = pending, None
        elif kind is not LIBRARY:
            boundary = kind
            break
    return Entry(entry if met_test else pending, met_test, not met_test and boundary in ("", TASK))


def entry_of_test(thread: int, is_test_code: Callable[[str], bool]) -> FrameType | None:
    """Return the one call of the application that the test in a thread waits for; None if there is none, or several.

    It waits in the stack of its thread, or, under asyncio, in the frames of suspended tasks that begin in test code.
    """
    entries = {
        entry.frame for stack in _stacks(thread, is_test_code) if (entry := entry_of(stack, is_test_code)).is_of_test
    }
    entries.discard(None)
    return entries.pop() if len(entries) == 1 else None


def _stacks(thread: int, is_test_code: Callable[[str], bool]) -> Iterator[Iterable[FrameType]]:
    """Yield the parts of the stack of a thread, and the stacks of the tasks of its event loop that test code began.

    The stack of the task that the loop runs for goes on in the code that runs the loop. An application may have
    hundreds of tasks of its own: only their outermost frames are read.
    """
    stack = list(frames_from(sys._getframe()) if thread == get_ident() else _callers(sys._current_frames().get(thread)))
    yield from _parts(stack)
    depth = next((depth for depth, frame in enumerate(stack) if frame.f_code.co_name == "run_until_complete"), None)
    running = stack[depth].f_locals if depth is not None else {}
    loop, main = running.get("self"), running.get("future")
    if isinstance(loop, asyncio.AbstractEventLoop):
        runs_loop = [frame for frame in stack[depth:] if kind_of(frame.f_code.co_filename) != TASK]
        for task in asyncio.all_tasks(loop):
            if task is main or _is_of_test(suspended(task.get_coro()), is_test_code):
                frames = list(suspended(task.get_coro()))[::-1]
                yield frames + runs_loop if task is main else frames


def _is_of_test(frames: Iterable[FrameType], is_test_code: Callable[[str], bool]) -> bool:
    """Whether the first frame of no library is of test code; the frames come outermost first."""
    files = (frame.f_code.co_filename for frame in frames)
    first = next((file for file in files if kind_of(file) is not LIBRARY), None)
    return first is not None and kind_of(first) is APPLICATION and is_test_code(first)


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame of another thread and its callers. The greenlets there are not known."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _parts(stack: Iterable[FrameType]) -> Iterator[list[FrameType]]:
    """Split a stack at each boundary: what an event loop runs, and the code that runs the loop, are not one call."""
    part: list[FrameType] = []
    for frame in stack:
        part.append(frame)
        if kind_of(frame.f_code.co_filename) not in (APPLICATION, LIBRARY):
            yield part
            part = []
    yield part
