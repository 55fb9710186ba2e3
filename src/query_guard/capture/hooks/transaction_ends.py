"""How a transaction ended: at which line, and whether the application ended it or closing its connection did."""

from __future__ import annotations

import sys
from asyncio import current_task
from types import FrameType
from typing import Literal

from query_guard.capture.hooks.sessionmaker_blocks import left_at
from query_guard.capture.live.tasks import suspended
from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.source_files import LIBRARY, kind_of
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.records import CallSite

_CLOSING = frozenset(("close", "_reset", "_finalize_fairy", "invalidate"))
"""Functions of SQLAlchemy that roll back a transaction that the application has not ended."""


def line_of_end(frame: FrameType | None) -> CallSite:
    """Return the line that ended a transaction, also where SQLAlchemy ends a block in a task of its own."""
    site = call_site(frame)
    return site if site.frames else left_at.get() or site


def ended_by(frame: FrameType | None, checkout: OpenCheckout) -> Literal["application", "close"]:
    """Return whether the application committed or rolled back, or closing the connection did.

    A rollback while an exception passes counts as the application's: it is what the application intends then.
    """
    if sys.exc_info()[0] is not None or _is_left_by_an_exception(checkout):
        return "application"
    while frame is not None and kind_of(frame.f_code.co_filename) is LIBRARY:
        if frame.f_code.co_name in _CLOSING:
            return "close"
        frame = frame.f_back
    return "application"


def _is_left_by_an_exception(checkout: OpenCheckout) -> bool:
    """Whether the task waits in an `__aexit__` that got an exception: AsyncSession closes itself in another task."""
    task = checkout.owner() if checkout.owner is not None else None
    if task is None or task is current_task():
        return False
    leaving = (frame for frame in suspended(task.get_coro()) if frame.f_code.co_name == "__aexit__")
    return any(frame.f_locals.get("value") is not None for frame in leaving)
