"""The lines of `async with sessionmaker.begin()`: SQLAlchemy ends such a block in a task of its own, without a line."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import wraps
from typing import Any

from query_guard.capture.origin.call_site import call_site
from query_guard.capture.window.window import is_recording
from query_guard.own_errors import report_own_error
from query_guard.records import CallSite

left_at: ContextVar[CallSite | None] = ContextVar("query_guard_left_at", default=None)
"""The line of the block that is being left. The task that ends the block copies the context, and so has it, too."""


def install() -> None:
    """Note the lines of these blocks when they are left; called once. Without greenlet there are no such blocks."""
    with suppress(ImportError):
        from sqlalchemy.ext.asyncio import session

        block: Any = getattr(session, "_AsyncSessionContextManager", None)
        if block is not None:
            block.__aexit__ = _noting_line(block.__aexit__)


def _noting_line(leave: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(leave)
    async def leave_block(block: Any, *exception: Any) -> None:
        token = _note()
        try:
            await leave(block, *exception)
        finally:
            if token is not None:
                left_at.reset(token)

    return leave_block


def _note() -> Token[CallSite | None] | None:
    try:
        return left_at.set(call_site(sys._getframe(2))) if is_recording() else None
    except Exception:
        report_own_error("the line of a block could not be noted")
        return None
