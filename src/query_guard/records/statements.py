"""What was sent, from where, by which part of the ORM."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from query_guard.records.loaders import Loader
from query_guard.records.statement_info import StatementInfo

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
