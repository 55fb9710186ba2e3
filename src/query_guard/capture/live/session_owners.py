"""Whose a session is that holds a connection when a request is over: the request's, or that of the test around it.

Only tests ask, and only of connections that are out: a test may hand a session of its own to what it tests.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import session as orm_session

from query_guard.capture.window.open_checkout import OpenCheckout

made_in: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""The serial of the request in which a session was made, 0 outside requests, while a test is recorded."""


def is_held_by_another(checkout: OpenCheckout) -> bool:
    """Whether a session holds the connection that was not made in the request that took it."""
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
