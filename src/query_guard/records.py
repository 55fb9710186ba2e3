"""The facts of a window as frozen plain data: what was sent, by whom, over which connection, and what is wrong with
it.

Times are seconds; `start` counts from the opening of the window (`time.perf_counter`). Nothing here holds a value of
the application: parameters are salted hashes, owners are hashes of their identity.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias, TypeVar

Severity: TypeAlias = Literal["info", "warning", "error"]
Phase: TypeAlias = Literal[
    "dependency", "endpoint", "serialization", "streaming", "background", "teardown", "task", "middleware"
]
RequestKind: TypeAlias = Literal["http", "websocket", "block"]

LOUD: frozenset[Severity] = frozenset(("warning", "error"))
"""The severities that enter headers, logs and test failures."""


class Frame(NamedTuple):
    """One application frame: a path as people write it, and the line that was running."""

    file: str
    line: int
    function: str
    first_line: int


class CallSite(NamedTuple):
    """The run of application frames that led to a statement, innermost first; empty while a framework serialises.

    `key` is equal for each pass of a loop and differs between two callers of one helper. `boundary` names what ended
    the run ("router", "middleware", "response", "background", "task", "test" or ""); `resumed` says that its outermost
    frame is a generator.
    """

    key: int
    frames: tuple[Frame, ...]
    boundary: str
    resumed: bool

    @property
    def innermost(self) -> Frame | None:
        return self.frames[0] if self.frames else None


NOWHERE = CallSite(0, (), "", False)


class Loader(NamedTuple):
    """The part of the ORM that sent a statement.

    `kind` is one of lazy, immediate, eager (selectinload, subqueryload), column (deferred), expired, refresh.
    `owner` is the class that declares `attribute`. `path` leads from the root entity of the parents' query to a
    relationship, ("User.posts", "Post.comments"), and is empty where columns were loaded.
    """

    kind: str
    owner: str
    attribute: str
    collection: bool
    path: tuple[str, ...]
    parents: tuple[str, ...] = ()
    """Class of the object it loaded for, and its mapped bases."""
    target: str = ""
    """Class of what it loaded."""

    @property
    def relationship(self) -> str | None:
        return f"{self.owner}.{self.attribute}" if self.path else None


class Target(NamedTuple):
    """What a statement is about, as the mappings know it.

    `lineage` names the entity's class and its mapped bases. `filters` are the attributes that must equal a bind, when
    nothing else filters, and `unique` says that they find at most one row. `walks` are relationships, (class,
    attribute), whose foreign key those filters are. `joined` are the collections that the statement joins, as paths
    from its root, and `joined_objects` the single objects.
    """

    entity: str | None
    lineage: tuple[str, ...]
    aliased: bool
    filters: tuple[str, ...]
    unique: bool
    walks: tuple[tuple[str, str], ...]
    joined: tuple[tuple[str, ...], ...]
    joined_objects: tuple[tuple[str, ...], ...] = ()


NO_TARGET = Target(None, (), False, (), False, (), ())


class Engine(NamedTuple):
    """An engine of the process: its serial number, `dialect+driver`, and whether a server answers it. Never a DSN."""

    serial: int
    name: str
    dialect: str
    is_server: bool

    def __str__(self) -> str:
        return f"{self.name}#{self.serial}"


class Statement(NamedTuple):
    """One execution that reached the driver, failed ones included."""

    serial: int
    fingerprint: str
    sql: str
    operation: str
    tables: tuple[str, ...]
    writes: tuple[str, ...]
    target: Target
    start: float
    duration: float
    connection: int
    transaction: int
    autocommit: bool
    batches: int
    """Driver calls this one execution took."""
    phase: Phase | None
    segment: int
    """Number of WebSocket messages received before it; 0 elsewhere."""
    text: int
    """Hash of the text the driver was to run, values inside the text included."""
    site: CallSite
    loader: Loader | None
    owner: int | None
    """Salted hash of the identity of the object whose relationship was loaded."""
    flush: int
    """Serial of the unit-of-work flush that wrote it; 0 outside flushes."""
    engine: Engine
    task: int
    """Serial of the asyncio task or thread."""
    values: tuple[int, ...]
    """Salted hash for each bind position; empty for executemany."""
    binds: int
    """Number of binds, or of parameter sets for executemany."""
    executemany: bool
    streamed: bool
    rows: int | None
    error: str | None
    parameters: tuple[str, ...]
    """Shown values of the binds, each at most 200 characters; empty unless `capture_parameters` was said."""
    request: int
    """Serial of the request window it belongs to; 0 outside requests."""

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def relationship(self) -> str | None:
        return self.loader.relationship if self.loader else None

    @property
    def value_key(self) -> tuple[int, tuple[int, ...]]:
        """Equal for two executions that sent the same text with the same values."""
        return (self.text, self.values)


class Checkout(NamedTuple):
    """One stay of a connection outside its pool. `hold` is None while it is still out."""

    serial: int
    pool: int
    connection: int
    start: float
    wait: float
    connect: float
    hold: float | None
    busy: float
    outcome: Literal["open", "returned", "timeout", "cancelled", "failed"]
    site: CallSite
    request: int


class FailedLoad(NamedTuple):
    """A lazy load that found no greenlet to wait in. `serial` is that of the statement it would have been."""

    serial: int
    loader: Loader | None
    site: CallSite
    phase: Phase | None
    request: int


class Read(NamedTuple):
    """How often the application read a relationship, on whichever objects, to use it or only to `len()` it.

    `foreign_key` are the attributes, ("Post.author_id",), that tie a collection to its owner and nothing else does.
    `site` is known of reads that only count.
    """

    relationship: str
    counted: bool
    foreign_key: tuple[str, ...]
    site: CallSite
    times: int


class Transaction(NamedTuple):
    """One transaction of a connection. `outcome` is open until the driver confirmed its end."""

    serial: int
    connection: int
    start: float
    end: float | None
    outcome: Literal["open", "committed", "rolled back", "failed"]
    autocommit: bool
    statements: int
    rows_written: int
    request: int


class Pool(NamedTuple):
    """A pool as it stood when the report was made; numbers that its class does not have are None."""

    serial: int
    engine: Engine
    kind: str
    size: int | None
    checked_out: int | None
    overflow: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, with the line to change and what to type there. Its words travel with it: nobody asks the kind."""

    kind: str
    severity: Severity
    summary: str
    fix: str
    site: CallSite = NOWHERE
    callers: tuple[CallSite, ...] = ()
    count: int = 1
    relationship: str | None = None
    remedy: str = ""
    """The part of `fix` to paste, where there is one."""
    saved_statements: int = 0
    """Statements that mending it would have saved here."""
    saving: float = 0.0
    """Seconds that mending it would have saved here."""
    phase: Phase | None = None
    statements: tuple[int, ...] = ()
    """Serials of the statements it is about."""
    request: int = 0

    @property
    def is_loud(self) -> bool:
        return self.severity in LOUD

    endpoint: str = ""
    """Name of the function that answers the route."""

    @property
    def place(self) -> str:
        """`crud.py:31`, or what stands in for it where no line of the application was running."""
        frame = self.site.innermost
        if frame is not None:
            return f"{frame.file}:{frame.line}"
        return f"{self.phase or 'a library'} of {self.endpoint}" if self.endpoint else self.phase or "a library"


@dataclass(frozen=True, slots=True)
class Silence:
    """A repetition that a detector looked at and did not report, and why: people trust a tool that can say so."""

    kind: str
    reason: str
    site: CallSite
    count: int
    statements: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What the window was opened for. `route` is the full template, or None when nothing matched."""

    kind: RequestKind
    method: str
    path: str
    route: str | None = None
    status: int | None = None
    endpoint: Frame | None = None
    """Where the endpoint's code begins."""
    budget: int | None = None

    @property
    def name(self) -> str:
        """`GET /users/{id}`, or a block's own name; paths that match no route share one name."""
        if self.kind == "block":
            return self.path
        return f"{self.method} {self.route or '(no route)'}"


@dataclass(slots=True)
class LateCounter:
    """Statements that arrived after their window was sealed; the only thing that still moves in a finished report."""

    count: int = 0


def distinct_sites(rows: Iterable[Statement]) -> tuple[CallSite, ...]:
    """Return the sites of some statements, each once, in order of appearance."""
    return tuple({row.site.key: row.site for row in rows}.values())


Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Rows by key, both in order of appearance."""
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def _are_new(rows: list[Statement]) -> bool:
    """Whether executions of one shape differ whatever their values: an INSERT makes a new row each time."""
    return len(rows) == 1 or rows[0].executemany or rows[0].operation == "INSERT"


def _different(rows: list[Statement]) -> int:
    """Count sets of values among the first thousand executions: more would not make it more of a loop."""
    return len({(row.text, row.values) for row in rows[:1000]})


@dataclass(frozen=True)
class Facts:
    """All that is known of one window, and the groupings that several detectors need, each computed once."""

    request: Request
    duration: float
    statements: tuple[Statement, ...]
    checkouts: tuple[Checkout, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    pools: tuple[Pool, ...] = ()
    failed_loads: tuple[FailedLoad, ...] = ()
    reads: tuple[Read, ...] = ()
    notes_reads: bool = False
    """Whether reads were noted at all; without it, no reads mean nothing."""
    eager_mappings: frozenset[tuple[str, str]] = frozenset()
    """Relationships that their mapping loads ahead, each with the loader, where reads are noted."""
    query_count: int = 0
    query_time: float = 0.0
    dropped: int = 0
    late: LateCounter = field(default_factory=LateCounter)

    @cached_property
    def by_shape_and_site(self) -> dict[tuple[str, int, int, str | None, int], list[Statement]]:
        """Statements of one shape from one site on one engine, for one relationship, in one WebSocket segment."""
        groups: dict[tuple[str, int, int, str | None, int], list[Statement]] = defaultdict(list)
        for row in self.statements:
            loader = row.loader
            name = loader.relationship if loader is not None else None
            groups[row.fingerprint, row.site.key, row.engine.serial, name, row.segment].append(row)
        return dict(groups)

    @cached_property
    def different_values(self) -> dict[tuple[str, int, int, str | None, int], int]:
        """How many different sets of values each of these groups was sent with; see `_are_new`."""
        return {key: len(rows) if _are_new(rows) else _different(rows) for key, rows in self.by_shape_and_site.items()}

    @cached_property
    def by_connection(self) -> dict[int, list[Statement]]:
        return grouped(self.statements, lambda row: row.connection)

    @cached_property
    def by_transaction(self) -> dict[int, list[Statement]]:
        return grouped(self.statements, lambda row: row.transaction)

    @cached_property
    def failed_transactions(self) -> set[int]:
        """Serials of the transactions that could not commit or in which a statement failed."""
        failed = {row.transaction for row in self.statements if row.error is not None}
        return failed | {transaction.serial for transaction in self.transactions if transaction.outcome == "failed"}

    @cached_property
    def failed_requests(self) -> set[int]:
        """Serials of the requests in which a statement failed; 0 is all that was sent outside requests."""
        return {row.request for row in self.statements if row.error is not None}

    @cached_property
    def reads_by_relationship(self) -> dict[str, list[Read]]:
        return grouped(self.reads, lambda read: read.relationship)

    @cached_property
    def _sources(self) -> dict[str, list[Statement]]:
        """The statements that brought objects of a class, in order: selects of it and loads of a relationship to it."""
        sources: dict[str, list[Statement]] = defaultdict(list)
        for row in self.statements:
            if row.operation == "SELECT":
                loaded = (row.loader.target,) if row.loader is not None and row.loader.path else row.target.lineage
                for name in loaded:
                    sources[name].append(row)
        return sources

    def source_of(self, classes: tuple[str, ...], before: int) -> Statement | None:
        """Return the last statement before the one numbered `before` that brought objects of one of these classes."""
        for name in classes:
            rows = self._sources.get(name, [])
            position = bisect_left(rows, before, key=lambda row: row.serial)
            if position:
                return rows[position - 1]
        return None

    def held(self, checkout: Checkout) -> float:
        """Seconds a checkout was held, up to now where it is still out."""
        if checkout.hold is not None:
            return checkout.hold
        return max(0.0, self.duration - checkout.start - checkout.wait - checkout.connect)

    @cached_property
    def busiest_pool(self) -> tuple[Pool, list[Checkout]] | None:
        """The pool with most checkouts in this window, and those checkouts."""
        by_pool = grouped(self.checkouts, lambda checkout: checkout.pool)
        pools = {pool.serial: pool for pool in self.pools}
        known = [(pools[serial], checkouts) for serial, checkouts in by_pool.items() if serial in pools]
        return max(known, key=lambda pair: len(pair[1]), default=None)


@dataclass(frozen=True)
class Report:
    """Facts and findings of one window: what every reporter, page and test reads."""

    id: str
    started_at: float
    """Seconds since the epoch."""
    facts: Facts
    findings: tuple[Finding, ...] = ()
    silences: tuple[Silence, ...] = ()

    @property
    def request(self) -> Request:
        return self.facts.request

    @property
    def query_count(self) -> int:
        return self.facts.query_count

    @cached_property
    def loud_findings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_loud)
