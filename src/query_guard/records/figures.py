"""What can be said of a window before facts are made of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias


class Numbers(NamedTuple):
    """What headers say of a window: of its pools the one with most checkouts. Times are sums of seconds.

    `checked_out`, `size` and `overflow` are the pool's own, now; None where its class does not have them.
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
    """A few figures of a window: enough to see that no detector could find anything, as in most requests.

    Durations are the longest, in seconds. A figure is never too small: what only facts could tell is counted as there.
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
"""Fields of `Figures`, each with the least at which a detector may find something."""
