"""A connection outside its pool, as its stay goes on, and the pool it belongs to.

Nothing here keeps anything of the application alive: pools, tasks and connections are held weakly.
"""

from __future__ import annotations

import itertools
import weakref
from asyncio import AbstractEventLoop, Task, current_task
from threading import get_ident
from time import perf_counter
from typing import Any, Protocol

from sqlalchemy.pool import Pool

from query_guard.capture.origin.engines import engine_of
from query_guard.capture.origin.site_cache import SiteCache
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.own_errors import report_own_error
from query_guard.records import CallSite, CheckoutOutcome, Holder

_pool_serials = itertools.count(1)
_checkout_serials = itertools.count(1)


class Stages(Protocol):
    """Where the ASGI messages of a request stand."""

    stage: int


class Owner(Protocol):
    """The window that a checkout belongs to: slim, and named also after its end."""

    request: int

    @property
    def name(self) -> str: ...

    @property
    def stages(self) -> Stages | None: ...


def name_of(window: Owner | None) -> str:
    return (window.name if window is not None else "") or "outside requests"


def number(pool: Any, name: str) -> int | None:
    """Read a number that not each class of pool has, nor each as a method."""
    value = getattr(pool, name, None)
    value = value() if callable(value) else value
    return value if value.__class__ is int else None


class PoolWatch:
    """What is known of one pool; it hangs on the pool and does not keep it alive."""

    __slots__ = (
        "__weakref__",
        "connect_time",
        "connects",
        "engine",
        "growth",
        "holders",
        "kind",
        "most",
        "peak",
        "pool",
        "pre_ping",
        "serial",
        "site_cache",
        "size",
        "suspects",
        "tells_numbers",
        "wait_time",
        "waits",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self.serial = next(_pool_serials)
        self.engine = engine_of(pool._dialect)
        self.pool = weakref.ref(pool)
        self.kind = type(pool).__name__
        self.size = number(pool, "size")
        self.tells_numbers = number(pool, "checkedout") is not None and number(pool, "overflow") is not None
        """Whether its class tells how many connections are out."""
        self.most = number(pool, "_max_overflow")
        self.pre_ping = bool(getattr(pool, "_pre_ping", False))
        self.holders: dict[int, OpenCheckout] = {}
        """The checkouts that are out, by their serials."""
        self.suspects: dict[int, OpenCheckout] = {}
        """Those that were said to look forgotten."""
        self.site_cache = SiteCache()
        self.growth = 0
        """How often it made a connection, or had more out than ever: a change tells that there may be news of it."""
        self.peak = self.waits = self.connects = 0
        self.wait_time = self.connect_time = 0.0

    def is_full(self) -> bool:
        """Whether the pool has nothing left to give."""
        out = number(self.pool(), "checkedout")
        return out is not None and self.size is not None and 0 <= (self.most or 0) <= out - self.size

    def connected(self, seconds: float) -> None:
        self.growth += 1
        self.connects += 1
        self.connect_time += seconds

    def waited(self, seconds: float) -> None:
        self.waits += 1
        self.wait_time += seconds


class OpenCheckout:
    """One stay outside the pool. `running` says that a statement is under way, `last` when the last one ended."""

    __slots__ = (
        "busy",
        "busy_threads",
        "connect",
        "connection",
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
        self.wait = self.connect = self.busy = self.last = 0.0
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
        """Whose it is: the request's or the block's name."""
        return name_of(self.window)

    def end(self, outcome: CheckoutOutcome, cuts_off: bool = True) -> None:
        """Note that the connection is back, or lost to the pool, however that came.

        `cuts_off` says that its transaction is over with it; one that others share may still be committed.
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
                self.transaction = self.transaction.around

    def control(self, sql: str) -> None:
        """Take note of transaction control that the application sends as text."""
        if sql.startswith("BEGIN"):
            self.sent_begin = self.transaction is None
        elif sql.startswith("COMMIT") and self.transaction is not None:
            self.transaction.autocommit = True  # what was written is safe, whatever becomes of the rest

    def collected(self, _: object) -> None:
        """Be told that the garbage collector took the connection from whoever dropped it."""
        try:
            if self.ended is None:
                self.end("collected")
        except Exception:
            report_own_error("a connection that was dropped could not be recorded")
