"""Who the current request is from, for the columns that say who wrote a row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[int | None] = ContextVar("example_app_current_user", default=None)


def current_user_id() -> int | None:
    """Return the id of the user whom the current request is from; None before anyone has logged in."""
    return _current.get()


@contextmanager
def acting_as(user_id: int) -> Iterator[None]:
    """Let what the block writes bear this user's id."""
    token = _current.set(user_id)
    try:
        yield
    finally:
        _current.reset(token)
