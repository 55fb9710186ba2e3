"""Sums over the raw rows of a window, before facts are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias


class Numbers(NamedTuple):
    """The numbers in headers and logs. Times are sums of seconds; the pool is the one with most checkouts.

    `checked_out`, `size` and `overflow` are what the pool says now; None where its class does not have them.
    """

    query_count: int = 0
    query_time: float = 0.0
    checkouts: int = 0
    wait: float = 0.0
    held: float = 0.0
    checked_out: int | None = None
    size: int | None = None
    overflow: int | None = None


class Figures(NamedTuple):
    """A few figures of a window: in most requests they show that no detector can find anything.

    Durations are the longest, in seconds. A figure may be too large, never too small: what only facts can tell is
    counted.
    """

    repeated: int
    """Statements of a shape that an earlier one had."""
    longest_statement: float
    most_rows: int
    failed_statements: int
    writes: int
    blocking_statements: int
    joins: int
    """Statements that join collections."""
    most_batches: int
    """The most driver calls that a server got for one execution of many rows (insertmanyvalues)."""
    statements: int
    beyond_budget: int
    """Statements above the budget of the request, where it has one."""
    writes_in_read: int
    """Writes of a request that should only read."""
    failed_loads: int
    longest_block: float
    nested_checkouts: int
    """Checkouts that began while an earlier one was still out."""
    longest_wait: float
    lost_checkouts: int
    """Checkouts that ended in another way than by being returned."""
    changed_pools: int
    """Checkouts from servers' pools that have made connections, or come to a new peak, since they were last judged."""
    written_transactions: int
    """Transactions that may have written."""
    longest_transaction: float


Triggers: TypeAlias = Mapping[str, float]
"""Fields of `Figures`, each with the smallest value at which a detector may find something."""
