"""What the hot path leaves behind, as it goes on: executions, open checkouts and transactions, loads that failed."""

from __future__ import annotations

import itertools
import weakref
from time import perf_counter
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy.pool import Pool

from query_guard.capture.pools import pool_serial
from query_guard.capture.targets import UnreadTarget
from query_guard.records import CallSite, Checkout, Engine, Loader, Transaction

CheckoutOutcome: TypeAlias = Literal["open", "returned", "timeout", "cancelled", "failed"]
TransactionOutcome: TypeAlias = Literal["open", "committed", "rolled back", "failed"]

_checkout_serials = itertools.count(1)
_transaction_serials = itertools.count(1)


class Batches(list[float]):
    """Durations of the further driver calls of one execution (insertmanyvalues), and the error that ended them."""

    error: str | None = None


class Row(NamedTuple):
    """One execution as the hot path leaves it; `perf_counter` times, nothing formatted.

    From `text` on, the fields and their order are those of `Statement`.
    """

    sql: str
    target: UnreadTarget
    start: float
    duration: float
    checkout: OpenCheckout | None
    transaction: OpenTransaction | None
    batches: Batches | None
    stage: int
    text: int
    site: CallSite
    loader: Loader | None
    owner: int | None
    flush: int
    engine: Engine
    task: int
    values: tuple[int, ...]
    binds: int
    executemany: bool
    streamed: bool
    rows: int | None
    error: str | None
    parameters: tuple[str, ...]
    """What the binds were given, where the application asked for it."""
    request: int


FIRST_SHARED = Row._fields.index("text")


class OpenCheckout:
    """One stay outside the pool, as it goes on. `transaction` is the one open on its connection."""

    __slots__ = (
        "busy",
        "connect",
        "connection",
        "ended",
        "outcome",
        "pool",
        "pool_serial",
        "request",
        "serial",
        "site",
        "started",
        "transaction",
        "wait",
    )  # fmt: skip

    def __init__(self, pool: Pool, started: float, site: CallSite) -> None:
        self.serial = next(_checkout_serials)
        self.pool = weakref.ref(pool)
        self.pool_serial = pool_serial(pool)
        self.started = started
        self.site = site
        self.connection = 0
        self.wait = self.connect = self.busy = 0.0
        self.ended: float | None = None
        self.outcome: CheckoutOutcome = "open"
        self.transaction: OpenTransaction | None = None
        self.request = 0

    def facts(self, origin: float) -> Checkout:
        held_from = self.started + self.wait + self.connect
        hold = None if self.outcome == "open" else max(0.0, (self.ended or held_from) - held_from)
        return Checkout(
            self.serial, self.pool_serial, self.connection, self.started - origin, self.wait, self.connect, hold,
            self.busy, self.outcome, self.site, self.request,
        )  # fmt: skip


class OpenTransaction:
    """One transaction as it goes on."""

    __slots__ = (
        "autocommit",
        "connection",
        "ended",
        "outcome",
        "request",
        "serial",
        "started",
        "statements",
    )

    def __init__(self, checkout: OpenCheckout, *, autocommit: bool) -> None:
        self.serial = next(_transaction_serials)
        self.connection = checkout.connection
        self.request = checkout.request
        self.autocommit = autocommit
        self.started = perf_counter()
        self.ended: float | None = None
        self.outcome: TransactionOutcome = "open"
        self.statements = 0

    def facts(self, origin: float, rows_written: int) -> Transaction:
        end = self.ended - origin if self.ended is not None else None
        return Transaction(
            self.serial, self.connection, self.started - origin, end, self.outcome, self.autocommit, self.statements,
            rows_written, self.request,
        )  # fmt: skip


class FailedLoadRow(NamedTuple):
    """A load as it failed: after how many statements, for which loader, from where."""

    after: int
    loader: Loader | None
    site: CallSite
    stage: int
    request: int
