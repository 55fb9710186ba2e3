"""Note in which request each session is created. `Session.__init__` is wrapped only while a test is recorded."""

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
    """Note the request of each session that is created while the block runs, in any context of the process."""
    block = object()
    original = vars(Session)["__init__"]
    if not _blocks:
        Session.__init__ = _noting(original)  # type: ignore[method-assign]  # it has no event for this
    _blocks.append(block)
    try:
        yield
    finally:
        _blocks.remove(block)
        current_init = vars(Session)["__init__"]
        if not _blocks and hasattr(current_init, "query_guard_original"):
            Session.__init__ = current_init.query_guard_original  # type: ignore[method-assign]  # as it was


def _noting(original_init: Any) -> Any:
    @wraps(original_init)
    def init(session: Any, *args: Any, **options: Any) -> None:
        original_init(session, *args, **options)
        try:
            window = current.get()
            made_in[session] = window.request if window is not None else 0
        except Exception:
            report_own_error("where a session was made could not be noted")

    init.query_guard_original = original_init  # type: ignore[attr-defined]  # by this it is known
    return init
