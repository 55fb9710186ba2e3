"""A transaction that is open, or has just ended."""

from __future__ import annotations

import itertools
from time import perf_counter
from typing import Literal

from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.pauses import Pauses
from query_guard.capture.window.savepoints import Savepoints
from query_guard.records import NOWHERE, Engine, TransactionOutcome

_serials = itertools.count(1)
_MOST_TEXTS = 15


class OpenTransaction:
    """One transaction; `freeze` makes facts of it."""

    __slots__ = (
        "autocommit", "checkout", "connection", "ended", "ended_by", "engine", "outcome", "outer", "pauses", "request",
        "savepoint", "savepoints", "serial", "site", "stage", "started", "statements", "texts", "wrote",
    )  # fmt: skip

    def __init__(self, checkout: int, connection: int, engine: Engine, request: int, *, autocommit: bool) -> None:
        self.serial = next(_serials)
        self.checkout = checkout
        self.connection = connection
        self.engine = engine
        self.request = request
        self.autocommit = autocommit
        self.outer: OpenTransaction | None = None
        """The transaction that this one is a savepoint of, where a session joined it."""
        self.savepoint = ""
        """The name of that savepoint."""
        self.started = perf_counter()
        self.ended: float | None = None
        self.outcome: TransactionOutcome = "open"
        self.ended_by: Literal["application", "close", ""] = ""
        self.site = NOWHERE
        self.stage = 0
        self.statements = 0
        self.wrote = False
        """Whether it may have written: a statement of it contains a word that writes, such as UPDATE."""
        self.texts: tuple[UnreadInfo, ...] = ()
        """The statements that may have written, each text once; the last ones, if there are very many."""
        self.savepoints: Savepoints | None = None
        self.pauses: Pauses | None = None

    def writes(self, info: UnreadInfo) -> None:
        """Note a statement that may write."""
        self.wrote = True
        if info not in self.texts:
            self.texts = (*self.texts[-_MOST_TEXTS:], info)

    def cut_off(self, now: float) -> None:
        """Note that its connection was returned while it was open: the server rolls it back."""
        self.ended = now
        self.outcome = "rolled back"
        self.ended_by = "close"

    def save(self, name: str) -> None:
        if self.savepoints is None:
            self.savepoints = Savepoints()
        self.savepoints.save(name, self.statements)

    def release(self, name: str) -> None:
        if self.savepoints is not None:
            self.savepoints.release(name)

    def roll_back_to(self, name: str) -> None:
        """Roll back what came after a savepoint; the savepoint itself stays open."""
        if self.savepoints is not None:
            self.savepoints.roll_back_to(name, self.statements)
