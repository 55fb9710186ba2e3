"""What was sent, from where, by which part of the ORM."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

Phase: TypeAlias = Literal[
    "dependency", "endpoint", "serialization", "streaming", "background", "teardown", "task", "middleware"
]


def repr_without(row: Any, hidden: str) -> str:
    """Write down a record without the field that may hold values: assertions and logs print what they are given."""
    fields = [f"{name}={value!r}" for name, value in zip(row._fields, row, strict=True) if name != hidden]
    return f"{type(row).__name__}({', '.join(fields)})"


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
    frame is a generator. `call` names the method of SQLAlchemy that the innermost frame called (scalars, get, refresh,
    merge, flush, commit), where one was seen.
    """

    key: int
    frames: tuple[Frame, ...]
    boundary: str
    resumed: bool
    call: str = ""

    @property
    def innermost(self) -> Frame | None:
        return self.frames[0] if self.frames else None


NOWHERE = CallSite(0, (), "", False)


class Step(NamedTuple):
    """One relationship of a path: from the class `owner`, by its `attribute`, to the class `target`.

    `owners` and `targets` are these classes with their mapped bases, nearest first.
    """

    owner: str
    attribute: str
    collection: bool
    target: str
    owners: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.owner}.{self.attribute}"


class Loader(NamedTuple):
    """The part of the ORM that sent a statement.

    `kind` is one of lazy, immediate, eager (selectinload, subqueryload), column (deferred), subclass (a column of a
    subclass whose base was selected), generated (a value that the database made), expired, refresh.
    `owner` is the class that declares `attribute`; of columns, and of a refresh that names them, it is all their names.
    `path` leads from the root entity of the parents' query to a
    relationship, ("User.posts", "Post.comments"), and is empty where columns were loaded.
    """

    kind: str
    owner: str
    attribute: str
    collection: bool
    path: tuple[str, ...]
    parents: tuple[str, ...] = ()
    """Class of the object it loaded for, and its mapped bases; of a subclass's column, the bases that lack it."""
    target: str = ""
    """Class of what it loaded."""
    steps: tuple[Step, ...] = ()
    """The path, with what is known of each relationship; where columns were loaded, the way to their object."""
    keys: tuple[str, ...] = ()
    """Attributes of the primary key of the object it loaded for."""

    @property
    def relationship(self) -> str | None:
        return f"{self.owner}.{self.attribute}" if self.path else None


class Entity(NamedTuple):
    """A class whose objects a statement returns, with its mapped bases, and whether by an alias."""

    name: str
    lineage: tuple[str, ...]
    aliased: bool


class Option(NamedTuple):
    """A loader option of a statement: the function that made it, and the path it is for, ("User.posts",)."""

    function: str
    path: tuple[str, ...]


class Clauses(NamedTuple):
    """What a statement asks, as Python writes it: ("Post.id", "func.count(Post.id)"). Never a value.

    `where` are the attributes that must equal a bind, when nothing else filters. `lock` is the FOR UPDATE. `further`
    names what else it holds that cannot be written here ("LIMIT", "JOIN", "a condition").
    """

    columns: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    lock: str = ""
    aggregates: bool = False
    further: tuple[str, ...] = ()
    got: bool = False
    """Whether `session.get()` sent it, or `session.merge()`."""


class StatementInfo(NamedTuple):
    """What a statement is about, as the mappings know it.

    `lineage` names the entity's class and its mapped bases. `filters` are the attributes of the entity that must equal
    a bind, when nothing else filters, and `unique` says that they find at most one row. `walks` are relationships,
    (class, attribute), whose foreign key those filters are. `joined` are the collections that the statement joins, as
    paths from its root, and `joined_objects` the single objects.
    """

    entity: str | None
    lineage: tuple[str, ...]
    aliased: bool
    filters: tuple[str, ...]
    unique: bool
    walks: tuple[tuple[str, str], ...]
    joined: tuple[tuple[str, ...], ...]
    joined_objects: tuple[tuple[str, ...], ...] = ()
    entities: tuple[Entity, ...] = ()
    """The classes whose objects it returns; none where it returns columns."""
    options: tuple[Option, ...] = ()
    clauses: Clauses = Clauses()
    keys: tuple[str, ...] = ()
    """Attributes of the entity's primary key."""
    referrers: tuple[tuple[str, str, str], ...] = ()
    """Many-to-one relationships whose target is found by the filters: (class, attribute, foreign key)."""


NO_INFO = StatementInfo(None, (), False, (), False, (), ())


class Engine(NamedTuple):
    """An engine of the process: its serial number, `dialect+driver`, whether a server answers it, and whether its
    driver awaits. Never a DSN.
    """

    serial: int
    name: str
    dialect: str
    is_server: bool
    is_async: bool = False

    def __str__(self) -> str:
        return f"{self.name}#{self.serial}"


class Statement(NamedTuple):
    """One execution that reached the driver, failed ones included."""

    serial: int
    start: float
    duration: float
    stalled: float
    """Seconds of its duration in which the event loop stood still, and nobody could hear the database."""
    owner: int | None
    """Salted hash of the identity of the object whose relationship was loaded."""
    values: tuple[int, ...]
    """Salted hash for each bind position; empty for executemany."""
    rows: int | None
    loaded_by: int | None
    """Serial of the statement that loaded the object it loads for; 0 where none did, as the object was just added; None
    where that is not known, or it loads for no object."""
    loaded: int | None
    """Rows that the ORM made objects of, where the driver does not count them."""
    fingerprint: str
    sql: str
    operation: str
    tables: tuple[str, ...]
    writes: tuple[str, ...]
    info: StatementInfo
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
    flush: int
    """Serial of the unit-of-work flush that wrote it; 0 outside flushes."""
    engine: Engine
    task: int
    """Serial of the asyncio task or thread."""
    blocking: bool
    """Whether its driver held up a running event loop."""
    binds: int
    """Number of binds, or of parameter sets for executemany."""
    executemany: bool
    streamed: bool
    error: str | None
    parameters: tuple[str, ...]
    """Shown values of the binds, each at most 200 characters; empty unless `capture_parameters` was said."""
    request: int
    """Serial of the request window it belongs to; 0 outside requests."""

    def __repr__(self) -> str:
        return repr_without(self, "parameters")

    @property
    def brought(self) -> int | None:
        """How many rows came, as the driver counts them or else the ORM; None where neither does."""
        return self.rows if self.rows is not None else self.loaded

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def database_time(self) -> float:
        """Its duration without the time in which only the event loop stood still."""
        return self.duration - self.stalled

    @property
    def relationship(self) -> str | None:
        return self.loader.relationship if self.loader else None

    @property
    def value_key(self) -> tuple[int, tuple[int, ...]]:
        """Equal for two executions that sent the same text with the same values."""
        return (self.text, self.values)


class FailedLoad(NamedTuple):
    """A lazy load that found no greenlet to wait in. `serial` is that of the statement it would have been."""

    serial: int
    loader: Loader | None
    site: CallSite
    phase: Phase | None
    request: int
    loaded_by: int | None = None
    """As that of a statement."""


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
