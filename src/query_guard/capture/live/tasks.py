"""What asyncio does not say of a task: its window, and the frames in which it waits."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextvars import Context
from types import AsyncGeneratorType, FrameType
from typing import Any

from query_guard.capture.window.window import Window, current

_WAITS_FOR = {"cr": "cr_await", "gi": "gi_yieldfrom", "ag": "ag_await"}
"""The attribute for what a coroutine, a generator or an asynchronous generator awaits, by the prefix of its kind."""
_STEPS = frozenset(("async_generator_asend", "async_generator_athrow"))
"""The types of the steps of an asynchronous generator."""


def window_of(task: asyncio.Task[Any]) -> Window | None:
    """Return the window of a task. Before Python 3.12 only `gc` can tell the context of a task."""
    if hasattr(task, "get_context"):
        window: Window | None = task.get_context().get(current)
        return window
    contexts = (referent for referent in gc.get_referents(task) if isinstance(referent, Context))
    return next((context.get(current) for context in contexts), None)


def suspended(awaitable: Any) -> Iterator[FrameType]:
    """Yield the frames of a suspended coroutine, outermost first, down to what it awaits."""
    while awaitable is not None:
        kind = next((kind for kind in _WAITS_FOR if hasattr(awaitable, f"{kind}_frame")), None)
        frame = getattr(awaitable, f"{kind}_frame", None)
        if frame is None:
            return
        yield frame
        awaitable = _without_step(getattr(awaitable, _WAITS_FOR[kind or ""], None))


def _without_step(awaitable: Any) -> Any:
    """Return an asynchronous generator in the place of a step of it that is awaited; only `gc` can tell whose it is."""
    if type(awaitable).__name__ not in _STEPS:
        return awaitable
    return next(
        (referent for referent in gc.get_referents(awaitable) if isinstance(referent, AsyncGeneratorType)), None
    )
