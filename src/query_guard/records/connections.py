"""Who held a connection, what became of what was done on it, and when the event loop stood still."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from query_guard.records.statements import NOWHERE, CallSite, Engine, Phase

CheckoutOutcome: TypeAlias = Literal[
    "open", "returned", "late", "leaked", "collected", "invalidated", "timeout", "cancelled", "failed"
]
TransactionOutcome: TypeAlias = Literal["open", "committed", "rolled back", "failed"]
Doing: TypeAlias = Literal["running a statement", "idle in transaction", "idle", "then returned"]


class Holder(NamedTuple):
    """Somebody who holds a connection at some moment.

    `name` is the request's or the block's. `held` and `idle` are seconds up to that moment, `idle` those since the
    last statement ended. `suspected` says that it was held idle for so long that it looks forgotten.
    """

    checkout: int
    name: str
    site: CallSite
    held: float
    idle: float
    doing: Doing
    suspected: bool

    def __str__(self) -> str:
        frames = self.site.frames
        place = f" at {frames[0].file}:{frames[0].line} in {frames[0].function}" if frames else ""
        if len(frames) > 1:
            place += f", called from {frames[-1].file}:{frames[-1].line} in {frames[-1].function}"
        doing = f"{self.doing} for {shown_seconds(self.idle)}" if self.doing.startswith("idle") else self.doing
        return f"{self.name}{place}: held for {shown_seconds(self.held)}, {doing}"


def shown_seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


class Checkout(NamedTuple):
    """One stay of a connection outside its pool. `hold` is None while it is still out.

    `late` was still out when the window ended, while something of the window lived on; `leaked` was out and nothing
    lived that could return it; `collected` was returned by the garbage collector.
    """

    serial: int
    pool: int
    connection: int
    start: float
    wait: float
    connect: float
    hold: float | None
    busy: float
    idle_in_transaction: float
    outcome: CheckoutOutcome
    site: CallSite
    phase: Phase | None
    task: int
    """Serial of the asyncio task or thread that asked for it."""
    held_in_pool: int
    """Connections of the pool that were out then, this one included."""
    holders: tuple[Holder, ...]
    """Who held the pool's connections, where this one had to be waited for or was never had."""
    request: int
    busy_threads: int = 0
    """Threads of sync endpoints that were at work when this one had been waited for."""

    @property
    def acquired(self) -> float:
        """When it was had, or given up."""
        return self.start + self.wait + self.connect


class Writer(NamedTuple):
    """A transaction that had written, of any window: whose, from when to when (or now), and to which tables."""

    serial: int
    name: str
    start: float
    end: float
    tables: tuple[str, ...]
    engine: int


class Pause(NamedTuple):
    """A line seen to wait while its transaction was open: at which second of the window, and where."""

    at: float
    site: CallSite


class Transaction(NamedTuple):
    """One transaction of a connection. `outcome` is open until the driver confirmed its end.

    `writes` and `rows_written` leave out what a savepoint took back; rows count as far as the driver says them. Of a
    transaction that wrote, `ended_by` says whether the application ended it, or only closed the connection, `site`
    from where, and `phase` when.
    """

    serial: int
    connection: int
    start: float
    end: float | None
    outcome: TransactionOutcome
    autocommit: bool
    statements: int
    writes: int
    rows_written: int
    has_failed: bool
    """Whether a statement failed in it, outside what a savepoint took back."""
    ended_by: Literal["application", "close", ""]
    site: CallSite
    phase: Phase | None
    segment: int
    """Number of WebSocket messages received before its end; 0 elsewhere."""
    after_response: bool
    """Whether it ended after the response had started."""
    engine: Engine
    pauses: tuple[Pause, ...]
    """The longest of them, and the last."""
    request: int
    dropped_pauses: int = 0
    """How many there were beside those."""


class Pool(NamedTuple):
    """A pool as it stood when the report was made, and what was seen of it since the process began.

    Numbers that its class does not have are None. `peak` counts connections out at once, `waits` checkouts that had
    to wait; times are sums of seconds.
    """

    serial: int
    engine: Engine
    kind: str
    size: int | None
    checked_out: int | None
    overflow: int | None
    capacity: int | None = None
    """How many connections it may have at most."""
    is_default: bool = False
    """Whether nobody chose its size."""
    pre_ping: bool = False
    peak: int = 0
    waits: int = 0
    wait_time: float = 0.0
    connects: int = 0
    connect_time: float = 0.0


class LoopBlock(NamedTuple):
    """A time in which the event loop stood still, as far as its heartbeat saw it.

    `site` is the line that was running then; `request` the serial of the window it belonged to, 0 where unknown.
    """

    start: float
    end: float
    site: CallSite = NOWHERE
    request: int = 0

    @property
    def duration(self) -> float:
        return self.end - self.start

    def overlap(self, start: float, end: float) -> float:
        return max(0.0, min(self.end, end) - max(self.start, start))
