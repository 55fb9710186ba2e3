"""Transactions made by hand, as a recorder keeps them."""

from __future__ import annotations

from typing import Any

from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.recorder import Recorder
from tests.reports import ENGINE


def begun(recorder: Recorder, checkout: int = 7, **fields: Any) -> OpenTransaction:
    """Begin a transaction that may write, and has ended when its `ended` is set."""
    transaction = OpenTransaction(checkout, 1, ENGINE, 1, autocommit=False)
    transaction.wrote = True
    for name, value in fields.items():
        setattr(transaction, name, value)
    recorder.transactions.append(transaction)
    return transaction
