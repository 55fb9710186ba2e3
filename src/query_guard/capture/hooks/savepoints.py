"""Savepoints: made, released, rolled back to; some of them stand for a transaction."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from query_guard.capture.hooks.checkouts import follow_from_now, open_checkout
from query_guard.capture.hooks.transactions import close_transaction
from query_guard.capture.origin.source_files import LIBRARY, kind_of
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.window import current, watching
from query_guard.own_errors import followed

_JOINS = "_connection_for_bind"
"""The function of SQLAlchemy in which a session begins what it needs on a connection."""


def noted_savepoint(do: Callable[[Any, Any, str], None], note: str) -> Callable[[Any, Any, str], None]:
    """Wrap a dialect's method that makes, releases or rolls back to a savepoint.

    `note` is the method of OpenTransaction that notes it: save, release or roll_back_to.
    """

    def note_it(_: object, _seconds: float, _dialect: Any, connection: Any, name: str) -> None:
        fairy = connection.connection
        checkout = open_checkout(fairy)
        transaction = checkout.transaction if checkout is not None else None
        if note == "save" and _stands_for_a_transaction(transaction):
            _open_inside(checkout or follow_from_now(fairy), name)
        elif checkout is None:
            return
        elif transaction is not None and transaction.savepoint == name and note != "save":
            close_transaction(checkout, transaction, "committed" if note == "release" else "rolled back")
        elif transaction is not None:
            getattr(transaction, note)(name)

    return followed(do, note_it, "a savepoint could not be recorded")


def _stands_for_a_transaction(outer: OpenTransaction | None) -> bool:
    """Whether a savepoint takes the place of a transaction for a session of a request, as in many test suites.

    With `join_transaction_mode="create_savepoint"` the session joins a transaction that began before the request.
    """
    window = current.get()
    if window is None or not window.request or (outer is not None and outer.request == window.request):
        return False
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and kind_of(frame.f_code.co_filename) is LIBRARY:
        if frame.f_code.co_name == _JOINS:
            return not getattr(frame.f_locals.get("self"), "nested", True)
        frame = frame.f_back
    return False


def _open_inside(checkout: OpenCheckout, savepoint: str) -> None:
    window = current.get()
    request = window.request if window is not None else 0
    engine = checkout.pool.engine
    transaction = OpenTransaction(checkout.serial, checkout.connection, engine, request, autocommit=False)
    transaction.outer, transaction.savepoint = checkout.transaction, savepoint
    checkout.transaction = transaction
    checkout.last = transaction.started
    for recorder in watching(window, engine):
        recorder.add_transaction(transaction)
