"""What the hot path leaves behind: executions, and loads that failed."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from query_guard.records import CallSite, Loader, Statement

Row: TypeAlias = tuple[Any, ...]
"""One execution as the hot path leaves it; a plain tuple, since a named one costs as much as all that is in it.

UnreadTarget, start and duration (`perf_counter`, seconds), OpenCheckout or None, OpenTransaction or None, Batches or
None, stage; from there on the fields of `Statement` from `text` on, in their order.
"""

FIRST_SHARED = 7
"""Where the part begins that a row shares with `Statement`."""
_SHARED = Statement._fields[Statement._fields.index("text") :]
SITE, ENGINE, TASK, BLOCKING, VALUES, ROWS, ERROR, PARAMETERS, REQUEST = (
    FIRST_SHARED + _SHARED.index(name)
    for name in ("site", "engine", "task", "blocking", "values", "rows", "error", "parameters", "request")
)


class Batches(list[float]):
    """Durations of the further driver calls of one execution (insertmanyvalues), and the error that ended them."""

    error: str | None = None


class FailedLoadRow(NamedTuple):
    """A load as it failed: after how many statements, for which loader, from where."""

    after: int
    loader: Loader | None
    site: CallSite
    stage: int
    request: int
