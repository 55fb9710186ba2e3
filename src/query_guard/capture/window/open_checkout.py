"""A connection outside its pool, from checkout to checkin.

Nothing here keeps an object of the application alive: tasks and connections are held by weak references.
"""

from __future__ import annotations

import itertools
import weakref
from asyncio import AbstractEventLoop, Task, current_task
from threading import get_ident
from time import perf_counter
from typing import Any, Protocol

from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.own_errors import contained
from query_guard.records import OUTSIDE_REQUESTS, CallSite, CheckoutOutcome, Holder

_checkout_serials = itertools.count(1)


class Stages(Protocol):
    """Knows which ASGI messages of a request have been sent."""

    stage: int


class Owner(Protocol):
    """The window that a checkout belongs to. It is small, and has its name after its end, too."""

    request: int

    @property
    def name(self) -> str: ...

    @property
    def stages(self) -> Stages | None: ...

    @property
    def is_sealed(self) -> bool: ...


def name_of(window: Owner | None) -> str:
    return (window.name if window is not None else "") or OUTSIDE_REQUESTS


class OpenCheckout:
    """One checkout. `running` says that a statement is running, `last` when the last one ended."""

    __slots__ = (
        "busy",
        "busy_threads",
        "connect",
        "connection",
        "created",
        "ended",
        "fairy",
        "held_in_pool",
        "holders",
        "last",
        "outcome",
        "owner",
        "pool",
        "request",
        "running",
        "sent_begin",
        "serial",
        "site",
        "stage",
        "started",
        "task",
        "transaction",
        "wait",
        "window",
    )  # fmt: skip

    def __init__(
        self,
        pool: PoolWatch,
        started: float,
        site: CallSite,
        window: Owner | None,
        loop: AbstractEventLoop | None,
    ) -> None:
        self.serial = next(_checkout_serials)
        self.pool = pool
        self.started = started
        self.site = site
        self.window = window
        stages = window.stages if window is not None else None
        self.stage = stages.stage if stages is not None else 0
        self.request = window.request if window is not None else 0
        self.connection = self.held_in_pool = self.busy_threads = 0
        self.wait = self.connect = self.created = self.busy = self.last = 0.0
        self.running = self.sent_begin = False
        self.ended: float | None = None
        self.outcome: CheckoutOutcome = "open"
        self.transaction: OpenTransaction | None = None
        self.holders: tuple[Holder, ...] = ()
        self.fairy: weakref.ref[Any] | None = None
        task = current_task(loop) if loop is not None else None
        self.task = id(task) if task is not None else get_ident()
        self.owner: weakref.ref[Task[Any]] | None = weakref.ref(task) if task is not None else None

    @property
    def acquired(self) -> float:
        return self.started + self.wait + self.connect

    @property
    def name(self) -> str:
        """The name of the request or the block that it belongs to."""
        return name_of(self.window)

    def end(self, outcome: CheckoutOutcome, cuts_off: bool = True) -> None:
        """Note that the connection is back in the pool, or lost, for whatever reason.

        `cuts_off` says that its transaction ends with it. A connection that several checkouts share may still commit.
        """
        self.ended = ended = perf_counter()
        if self.outcome in ("open", "late", "leaked"):
            self.outcome = outcome
        self.running = False
        self.fairy = None
        self.pool.holders.pop(self.serial, None)
        if cuts_off:
            while self.transaction is not None:
                self.transaction.cut_off(ended)
                self.transaction = self.transaction.outer

    def control(self, sql: str) -> None:
        """Note a statement of transaction control that the application sends as text."""
        if sql.startswith("BEGIN"):
            self.sent_begin = self.transaction is None
        elif sql.startswith("COMMIT") and self.transaction is not None:
            self.transaction.autocommit = True  # what was written is committed, however the rest ends

    def _collected(self, _: object) -> None:
        """Note that the garbage collector has returned a connection that was dropped. It calls this."""
        if self.ended is None:
            is_reported = self.outcome == "leaked" or self.window is None or not self.window.is_sealed
            self.end("collected")
            self.pool.collected += 1
            if not is_reported:
                self.pool.unreported.append(self)

    collected = contained(_collected, "a connection that was dropped could not be recorded")
