"""A transaction as it goes on."""

from __future__ import annotations

import itertools
from time import perf_counter
from typing import Literal

from query_guard.capture.targets import UnreadTarget
from query_guard.records import NOWHERE, CallSite, Engine, TransactionOutcome

_serials = itertools.count(1)
_MOST_TEXTS = 15


class OpenTransaction:
    """One transaction. `undone` are the runs of its statements, [from, to), that savepoints took back."""

    __slots__ = (
        "autocommit", "checkout", "connection", "ended", "ended_by", "engine", "outcome", "pauses", "request",
        "savepoints", "serial", "site", "stage", "started", "statements", "texts", "undone", "wrote",
    )  # fmt: skip

    def __init__(self, checkout: int, connection: int, engine: Engine, request: int, *, autocommit: bool) -> None:
        self.serial = next(_serials)
        self.checkout = checkout
        self.connection = connection
        self.engine = engine
        self.request = request
        self.autocommit = autocommit
        self.started = perf_counter()
        self.ended: float | None = None
        self.outcome: TransactionOutcome = "open"
        self.ended_by: Literal["application", "close", ""] = ""
        self.site = NOWHERE
        self.stage = 0
        self.statements = 0
        self.wrote = False
        """Whether it may have written: a word of a statement says so."""
        self.texts: tuple[UnreadTarget, ...] = ()
        """What it may have written, each text once; of very many, the last."""
        self.savepoints: list[tuple[str, int]] = []
        """Open savepoints, the outermost first, each with the statements before it."""
        self.undone: list[tuple[int, int]] | None = None
        self.pauses: list[tuple[float, CallSite]] | None = None

    def writes(self, target: UnreadTarget) -> None:
        """Note a statement that may write."""
        self.wrote = True
        if target not in self.texts:
            self.texts = (*self.texts[-_MOST_TEXTS:], target)

    def cut_off(self, now: float) -> None:
        """Note that its connection went back: the server rolls back what nobody ended."""
        self.ended = now
        self.outcome = "rolled back"
        self.ended_by = "close"

    def save(self, name: str) -> None:
        self.savepoints.append((name, self.statements))

    def release(self, name: str) -> None:
        place = self._place(name)
        if place is not None:
            del self.savepoints[place:]

    def roll_back_to(self, name: str) -> None:
        """Take back what came after a savepoint, which itself stays."""
        place = self._place(name)
        if place is None:
            return
        del self.savepoints[place + 1 :]
        since = self.savepoints[place][1]
        if since < self.statements:
            self.undone = [*(self.undone or ()), (since, self.statements)]

    def _place(self, name: str) -> int | None:
        """Find a savepoint; of two with one name, the later hides the earlier."""
        places = [place for place, (known, _) in enumerate(self.savepoints) if known == name]
        return places[-1] if places else None
