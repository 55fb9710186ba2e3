"""Statements: what was sent, from where, by which part of the ORM."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from query_guard.records.loaders import Loader
from query_guard.records.statement_info import StatementInfo

Phase: TypeAlias = Literal[
    "dependency", "endpoint", "serialization", "streaming", "background", "teardown", "task", "middleware"
]

FailureOfLoad: TypeAlias = Literal["greenlet", "detached", "forbidden", "shared"]
"""Why a load failed: outside a greenlet under asyncio, for an object without a session, by `lazy="raise"`, or, for any
use of a session, since another task or thread was using it.
"""


def repr_without(row: Any, hidden: str) -> str:
    """Write a record without the field that may hold values, since assertions and logs print records."""
    fields = [f"{name}={value!r}" for name, value in zip(row._fields, row, strict=True) if name != hidden]
    return f"{type(row).__name__}({', '.join(fields)})"


class Frame(NamedTuple):
    """One application frame: a path as people write it, and the line that was running.

    `passes_on` says that it is a decorator's: it takes any arguments, and passes them on to what it decorates.
    """

    file: str
    line: int
    function: str
    first_line: int
    passes_on: bool = False


class CallSite(NamedTuple):
    """The application frames that led to a statement, innermost first; empty while a framework serialises.

    `key` is equal for each pass of a loop and differs between two callers of one helper. `boundary` names the frame at
    which the application's frames end ("router", "middleware", "response", "background", "task", "test" or "").
    `resumed` says that the outermost frame is a generator. `call` names the method of SQLAlchemy that the innermost
    frame called (scalars, get, refresh, merge, flush, commit), where there is one.
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
    """Seconds of its duration in which the event loop was blocked, so that no answer of the database was read."""
    owner: int | None
    """Salted hash of the identity of the object whose relationship was loaded."""
    values: tuple[int, ...]
    """Salted hash for each bind position; empty for executemany."""
    rows: int | None
    loaded_by: int | None
    """Serial of the statement that loaded the object this one loads for. 0 for an object that was just added; None
    where it is unknown, or this statement loads for no object."""
    loaded: int | None
    """Rows that the ORM made objects of; known only where the driver counts none."""
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
    """How many driver calls the execution took."""
    phase: Phase | None
    segment: int
    """Number of WebSocket messages received before it; 0 elsewhere."""
    text: int
    """Hash of the text that the driver got, with the values inside the text."""
    site: CallSite
    loader: Loader | None
    flush: int
    """Serial of the unit-of-work flush that wrote it; 0 outside flushes."""
    engine: Engine
    task: int
    """Serial of the asyncio task or thread."""
    blocking: bool
    """Whether its driver blocked a running event loop."""
    binds: int
    """Number of binds, or of parameter sets for executemany."""
    executemany: bool
    streamed: bool
    error: str | None
    parameters: tuple[str, ...]
    """The values of the binds as text, at most 200 characters each; empty without `capture_parameters`."""
    request: int
    """Serial of the request window it belongs to; 0 outside requests."""

    def __repr__(self) -> str:
        return repr_without(self, "parameters")

    @property
    def brought(self) -> int | None:
        """How many rows it returned, as the driver counts them or else the ORM; None where neither does."""
        return self.rows if self.rows is not None else self.loaded

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def database_time(self) -> float:
        """Its duration without the time in which the event loop was blocked."""
        return self.duration - self.stalled

    @property
    def relationship(self) -> str | None:
        return self.loader.relationship if self.loader else None

    @property
    def value_key(self) -> tuple[int, tuple[int, ...]]:
        """Equal for two executions that sent the same text with the same values."""
        return (self.text, self.values)


class FailedLoad(NamedTuple):
    """A lazy load that failed. `serial` is that of the statement it did not send."""

    serial: int
    loader: Loader | None
    site: CallSite
    phase: Phase | None
    request: int
    loaded_by: int | None = None
    """The same as `Statement.loaded_by`."""
    failure: FailureOfLoad = "greenlet"


class Read(NamedTuple):
    """How often the application read a relationship, of any objects; `counted` if only to take its `len()`.

    `foreign_key` are the attributes, ("Post.author_id",), that alone tie a collection to its owner. `site` is known
    only for reads that count.
    """

    relationship: str
    counted: bool
    foreign_key: tuple[str, ...]
    site: CallSite
    times: int
