"""Rows: what the hot path keeps of executions, and of loads that failed.

The row of an execution is two plain tuples: `Row` with what is its own, and in it `Shared` with what is equal for each
pass of a loop. All rows of a loop refer to one `Shared`, so that a row takes half the memory. The constants below are
the positions of the fields: `row[DURATION]`, `row[SHARED][SITE]`. A named tuple would take twice as long to make, for
each statement; `make bench-check` shows the difference.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

from query_guard.records import CallSite, FailureOfLoad, Loader, Statement

Shared: TypeAlias = tuple[Any, ...]
"""What executions of one text from one line share.

UnreadInfo, OpenCheckout or None, OpenTransaction or None, Batches or None, stage; then the fields of `Statement` from
`text` to the last, in their order.
"""

Row: TypeAlias = tuple[Shared, float, float, int | None, "int | tuple[int, ...]", int | None, int | None]
"""One execution: Shared, start and duration (`perf_counter`, seconds), `owner`, `values` and `rows` of `Statement`, and
the number of the load that loaded its object.

The values of a statement with a single bind are that one hash, without a tuple.
"""

SHARED: Final = 0
DURATION: Final = 2
VALUES: Final = 4
COUNT: Final = 5
INFO, CHECKOUT, TRANSACTION, BATCHES, STAGE = range(5)
FIRST_STATEMENT_FIELD = 5
"""The position in Shared of the first field of `Statement`."""
_STATEMENT_FIELDS = Statement._fields[Statement._fields.index("text") :]
SITE, ENGINE, BLOCKING, ERROR, PARAMETERS, REQUEST = (
    FIRST_STATEMENT_FIELD + _STATEMENT_FIELDS.index(name)
    for name in ("site", "engine", "blocking", "error", "parameters", "request")
)  # fmt: skip


class Batches:
    """The further driver calls of one execution (insertmanyvalues): their number, seconds, and the last error."""

    __slots__ = ("calls", "counted_by", "error", "time")

    def __init__(self) -> None:
        self.calls = 0
        self.time = 0.0
        self.error: str | None = None
        self.counted_by: tuple[int, ...] = ()
        """The `id()` of each recorder that only counted the execution."""

    def add(self, duration: float, error: str | None) -> None:
        self.calls += 1
        self.time += duration
        self.error = error


class FailedLoadRow(NamedTuple):
    """A load that failed. `after` is the number of statements before it."""

    after: int
    loader: Loader | None
    site: CallSite
    stage: int
    request: int
    load: int | None
    """Number of the load that loaded its object."""
    failure: FailureOfLoad
