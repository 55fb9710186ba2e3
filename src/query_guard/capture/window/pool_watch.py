"""What the guard measures of one pool, beside the pool itself."""

from __future__ import annotations

import itertools
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from sqlalchemy.pool import Pool

from query_guard.capture.origin.engines import engine_of
from query_guard.capture.origin.site_cache import SiteCache

if TYPE_CHECKING:
    from query_guard.capture.window.open_checkout import OpenCheckout

_pool_serials = itertools.count(1)
_MOST_UNREPORTED = 100


def number(pool: Any, name: str) -> int | None:
    """Read a number of a pool: some classes have it as a method, some as an attribute, some not at all."""
    value = getattr(pool, name, None)
    value = value() if callable(value) else value
    return value if value.__class__ is int else None


class PoolWatch:
    """What was measured of one pool. It is an attribute of the pool, and holds the pool by a weak reference."""

    __slots__ = (
        "__weakref__",
        "collected",
        "connect_time",
        "connects",
        "engine",
        "growth",
        "has_numbers",
        "has_unrecorded",
        "holders",
        "kind",
        "max_overflow",
        "name",
        "peak",
        "pool",
        "pre_ping",
        "serial",
        "site_cache",
        "size",
        "suspects",
        "unreported",
        "wait_time",
        "waits",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self.serial = next(_pool_serials)
        self.engine = engine_of(pool._dialect)
        self.pool = weakref.ref(pool)
        self.name = getattr(pool, "logging_name", None) or str(self.engine)
        self.kind = type(pool).__name__
        self.size = number(pool, "size")
        self.has_numbers = number(pool, "checkedout") is not None and number(pool, "overflow") is not None
        """Whether its class knows how many connections are out."""
        self.has_unrecorded = False
        """Whether a request that is not sampled has taken one of its connections."""
        self.max_overflow = number(pool, "_max_overflow")
        self.pre_ping = bool(getattr(pool, "_pre_ping", False))
        self.holders: dict[int, OpenCheckout] = {}
        """The checkouts that are out, by serial."""
        self.suspects: dict[int, OpenCheckout] = {}
        """The checkouts that were logged as suspected leaks, by serial."""
        self.unreported: deque[OpenCheckout] = deque(maxlen=_MOST_UNREPORTED)
        """Checkouts that the garbage collector ended after the report of their request was finished."""
        self.site_cache = SiteCache()
        self.growth = 0
        """How often it made a connection or reached a new peak. After a change its settings are judged again."""
        self.peak = self.waits = self.connects = self.collected = 0
        self.wait_time = self.connect_time = 0.0

    def is_full(self) -> bool:
        """Whether all connections of the pool are out."""
        in_use = number(self.pool(), "checkedout")
        return in_use is not None and self.size is not None and 0 <= (self.max_overflow or 0) <= in_use - self.size

    def connected(self, seconds: float) -> None:
        self.growth += 1
        self.connects += 1
        self.connect_time += seconds

    def waited(self, seconds: float) -> None:
        self.waits += 1
        self.wait_time += seconds
