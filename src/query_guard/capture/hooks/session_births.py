"""In which request each session is made, while a test is recorded: `Session.__init__` is wrapped for so long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from sqlalchemy.orm import Session

from query_guard.capture.live.session_owners import made_in
from query_guard.capture.window.window import current
from query_guard.own_errors import report_own_error

_blocks: list[object] = []


@contextmanager
def noting_sessions() -> Iterator[None]:
    """Note where sessions are made while the block runs, in any context of the process."""
    block = object()
    original = vars(Session)["__init__"]
    if not _blocks:
        Session.__init__ = _noting(original)  # type: ignore[method-assign]
    _blocks.append(block)
    try:
        yield
    finally:
        _blocks.remove(block)
        now = vars(Session)["__init__"]
        if not _blocks and hasattr(now, "query_guard_original"):
            Session.__init__ = now.query_guard_original  # type: ignore[method-assign]


def _noting(original: Any) -> Any:
    @wraps(original)
    def made(session: Any, *args: Any, **options: Any) -> None:
        original(session, *args, **options)
        try:
            window = current.get()
            made_in[session] = window.request if window is not None else 0
        except Exception:
            report_own_error("where a session was made could not be noted")

    made.query_guard_original = original  # type: ignore[attr-defined]
    return made
