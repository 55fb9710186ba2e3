"""What the hot path leaves behind: executions, and loads that failed.

An execution is two plain tuples, since named ones cost as much as all that is in them. What a loop repeats is one
tuple that all its rows share: a row alone would weigh twice as much.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

from query_guard.records import CallSite, Loader, Statement

Shared: TypeAlias = tuple[Any, ...]
"""What executions of one text from one line have in common.

UnreadInfo, OpenCheckout or None, OpenTransaction or None, Batches or None, stage; from there on the fields of
`Statement` from `text` on, in their order.
"""

Row: TypeAlias = tuple[Shared, float, float, int | None, "int | tuple[int, ...]", int | None, int | None]
"""One execution: Shared, start and duration (`perf_counter`, seconds), `owner`, `values` and `rows` of `Statement`, and
the number of the load that brought its object.

A single value stands for itself.
"""

SHARED: Final = 0
DURATION: Final = 2
VALUES: Final = 4
COUNT: Final = 5
INFO, CHECKOUT, TRANSACTION, BATCHES, STAGE = range(5)
FIRST_STATEMENT_FIELD = 5
"""Where the part of Shared begins that is a statement's own."""
_STATEMENT_FIELDS = Statement._fields[Statement._fields.index("text") :]
SITE, ENGINE, BLOCKING, ERROR, PARAMETERS, REQUEST = (
    FIRST_STATEMENT_FIELD + _STATEMENT_FIELDS.index(name)
    for name in ("site", "engine", "blocking", "error", "parameters", "request")
)  # fmt: skip


class Batches:
    """The further driver calls of one execution (insertmanyvalues): their number, seconds, and the error that ended
    them.
    """

    __slots__ = ("calls", "counted_by", "error", "time")

    def __init__(self) -> None:
        self.calls = 0
        self.time = 0.0
        self.error: str | None = None
        self.counted_by: tuple[int, ...] = ()
        """The identities of the recorders that did not keep the execution, and only counted it."""

    def add(self, duration: float, error: str | None) -> None:
        self.calls += 1
        self.time += duration
        self.error = error


class FailedLoadRow(NamedTuple):
    """A load as it failed: after how many statements, for which loader, from where."""

    after: int
    loader: Loader | None
    site: CallSite
    stage: int
    request: int
    load: int | None
    """Number of the load that brought its object."""
