"""A window at a glance: what can be said of it before anything is read."""

from __future__ import annotations

from typing import NamedTuple

from query_guard.records.request import Request


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


class Outline:
    """Enough to see that a detector could find nothing, so that a request without faults need not be read at all.

    Durations are the longest, in seconds. What cannot be told at a glance is said to be there.
    """

    server_pools: tuple[tuple[int, int, int], ...] = ()
    """Serial, peak and connections made of each pool of a server that was used."""
    checkouts: int = 0
    longest_wait: float = 0.0
    has_lost_checkouts: bool = False
    """Whether some checkout ended in another way than by being returned."""
    longest_transaction: float = 0.0
    has_written: bool = False
    """Whether some transaction may have written."""
    longest_statement: float = 0.0
    most_rows: int = 0
    has_errors: bool = False
    has_writes: bool = False
    has_blocking: bool = False
    has_joins: bool = False
    """Whether some statement joins collections."""
    has_failed_loads: bool = False
    longest_block: float = 0.0

    def __init__(self, request: Request, query_count: int) -> None:
        self.request = request
        self.query_count = query_count
