"""Whether the session that holds a connection after the end of a request belongs to the request, or to a test.

This is used in tests only: a test may pass its own session to what it tests.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import session as orm_session

from query_guard.capture.window.open_checkout import OpenCheckout

made_in: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""The serial of the request in which each session was created, 0 outside requests; filled while a test is recorded."""


def is_held_by_another(checkout: OpenCheckout) -> bool:
    """Whether a session holds the connection that was created outside the request that checked it out."""
    fairy = checkout.fairy() if checkout.fairy is not None else None
    if fairy is None:
        return False
    sessions = tuple(getattr(orm_session, "_sessions", {}).values())
    owners = [session for session in sessions if _holds(session, fairy)]
    return any(made_in.get(session, 0) != checkout.request for session in owners)


def _holds(session: Any, fairy: Any) -> bool:
    transaction = getattr(session, "_transaction", None)
    connections = tuple(getattr(transaction, "_connections", {}).values())
    return any(getattr(held[0], "_dbapi_connection", None) is fairy for held in connections)
