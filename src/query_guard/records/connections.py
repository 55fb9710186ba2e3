"""Checkouts and their holders, transactions, pools, and the times in which the event loop was blocked."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from query_guard.records.statements import NOWHERE, CallSite, Engine, Phase

CheckoutOutcome: TypeAlias = Literal[
    "open", "returned", "late", "leaked", "collected", "invalidated", "timeout", "cancelled", "failed"
]
TransactionOutcome: TypeAlias = Literal["open", "committed", "rolled back", "failed"]
Doing: TypeAlias = Literal["running a statement", "idle in transaction", "idle", "then returned", "then collected"]

OUTSIDE_REQUESTS = "outside requests"
"""The name of what is neither a request nor a block."""


_WITHOUT_CONNECTION = frozenset(("timeout", "cancelled", "failed"))


class Holder(NamedTuple):
    """The holder of a connection at one moment.

    `name` is that of the request or the block, or `OUTSIDE_REQUESTS`. `held` and `idle` are seconds up to that moment;
    `idle` counts from the end of the last statement. `suspected` says that it has been idle for so long that it looks
    like a leak.
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
        location = f" at {frames[0].file}:{frames[0].line} in {frames[0].function}" if frames else ""
        if len(frames) > 1:
            location += f", called from {frames[-1].file}:{frames[-1].line} in {frames[-1].function}"
        doing = f"{self.doing} for {shown_seconds(self.idle)}" if self.doing.startswith("idle") else self.doing
        return f"{self.name}{location}: held for {shown_seconds(self.held)}, {doing}"


def shown_seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


class Checkout(NamedTuple):
    """The time of one connection outside its pool. `hold` is None while it is still out.

    Outcome `late`: still out when the window ended, while a task of the window goes on. `leaked`: still out, and no
    task is left that could return it. `collected`: returned by the garbage collector.
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
    """Serial of the asyncio task or thread that checked it out."""
    held_in_pool: int
    """Connections of the pool that were out then, this one included."""
    holders: tuple[Holder, ...]
    """Who held the connections of the pool, where this checkout waited or failed."""
    request: int
    busy_threads: int = 0
    """How many threads of sync endpoints were busy when this checkout had waited."""
    created: float = 0.0
    """Seconds that its connection took to be made, where it was the first to have it; also if `connect` is less, since
    it was made before this checkout began."""

    @property
    def acquired(self) -> float:
        """When the connection was checked out, or the wait given up."""
        return self.start + self.wait + self.connect

    @property
    def has_connection(self) -> bool:
        """Whether it got a connection."""
        return self.outcome not in _WITHOUT_CONNECTION


class Writer(NamedTuple):
    """A transaction of any window that had written: its name, its start, its end (or now), and its tables."""

    serial: int
    name: str
    start: float
    end: float
    tables: tuple[str, ...]
    engine: int


class Pause(NamedTuple):
    """A line that was running while its transaction was open and idle: when, in seconds of the window, and where."""

    at: float
    site: CallSite


class Transaction(NamedTuple):
    """One transaction of a connection. `outcome` is open until the driver confirmed its end.

    `writes` and `rows_written` leave out what a savepoint rolled back; rows count as far as the driver knows them. For
    a transaction that wrote, `ended_by` says whether the application ended it or only closed the connection, `site`
    where, and `phase` when.
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
    """Whether a statement failed in it that no savepoint rolled back."""
    ended_by: Literal["application", "close", ""]
    site: CallSite
    phase: Phase | None
    segment: int
    """Number of WebSocket messages received before its end; 0 elsewhere."""
    after_response: bool
    """Whether it ended after the response had started."""
    engine: Engine
    pauses: tuple[Pause, ...]
    """The longest pauses, and the last one."""
    request: int
    dropped_pauses: int = 0
    """How many more pauses there were."""


class Pool(NamedTuple):
    """A pool when the report was made, with what was measured of it since the process began.

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
    name: str = ""
    """Its `pool_logging_name`, or else that of its engine."""
    idle: int | None = None
    """Connections that are in it, ready to be checked out."""
    waiting: int | None = None
    """Tasks or threads that wait for a connection."""
    collected: int = 0
    """Connections that nobody returned, so that the garbage collector had to."""


class LoopBlock(NamedTuple):
    """A time in which the event loop was blocked, as its heartbeat measured it.

    `site` is the line that was running then, `request` the serial of its window, 0 where unknown.
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
