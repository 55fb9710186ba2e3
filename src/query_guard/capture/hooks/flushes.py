"""Which flush of a session a write belongs to: its statements are one unit of work."""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from query_guard.own_errors import contained

_serials = itertools.count(1)
_flush: ContextVar[int] = ContextVar("query_guard_flush", default=0)

current_flush = _flush.get
_FAILURE = "a flush could not be numbered"


def install() -> None:
    """Number the flushes of every session of the process; called once."""
    event.listen(Session, "before_flush", contained(_begin, _FAILURE))
    event.listen(Session, "after_flush_postexec", contained(_end, _FAILURE))
    event.listen(Session, "after_soft_rollback", contained(_end, _FAILURE))


def _begin(*_: Any) -> None:
    _flush.set(next(_serials))


def _end(*_: Any) -> None:
    _flush.set(0)
