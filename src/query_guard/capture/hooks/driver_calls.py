"""What a driver call is: a statement of the application, one batch of a longer INSERT, or SQLAlchemy's own."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from query_guard.capture.origin.engines import engine_of
from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.delivery import count_further
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.rows import Batches
from query_guard.capture.window.window import Window

_BATCHES = "_query_guard_batches"
"""The attribute of an execution context that holds its Batches."""
_UNSENT = "MissingGreenlet"
"""Some drivers raise it in the driver call, but nothing was sent."""


def is_no_statement(
    context: Any, info: UnreadInfo, error: str | None, is_of_pool: bool, checkout: OpenCheckout | None
) -> bool:
    """Whether a driver call is no statement of the application: transaction control, never sent, or start-up."""
    if info.is_control:
        if checkout is not None:
            checkout.control(info.sql)
        return True
    return error == _UNSENT or (not is_of_pool and _is_start_up(context))


def batches_begun(
    window: Window | None, dialect: Any, context: Any, duration: float, error: str | None
) -> Batches | None:
    """Return the batches of an execution that begins with this driver call, or None if this is a further batch."""
    if is_scalar_default(3):
        return Batches()
    batches: Batches | None = context.__dict__.get(_BATCHES)
    if batches is None:
        batches = context.__dict__[_BATCHES] = Batches()
        return batches
    batches.add(duration, error)
    count_further(window, engine_of(dialect), duration, batches)
    return None


def _is_start_up(context: Any) -> bool:
    """Whether the dialect initializes itself on its first connection.

    That runs outside a transaction, as does a `begin` listener, whose connection is of another class.
    """
    connection = context.root_connection
    return not connection.in_transaction() and type(connection.connection).__name__ == "_AdhocProxiedConnection"


def is_scalar_default(depth: int) -> bool:
    """Whether the driver call fetches a default or a sequence, with the context of the INSERT that needs it."""
    frame: FrameType | None = sys._getframe(depth)
    for _ in range(4):
        if frame is None:
            break
        if frame.f_code.co_name == "_cursor_execute":
            return True
        frame = frame.f_back
    return False
