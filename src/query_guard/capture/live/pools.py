"""The pools of the process, and their numbers now."""

from __future__ import annotations

import weakref
from typing import Any

from query_guard.capture.origin.pool_queue import waiting_in
from query_guard.capture.window.pool_watch import PoolWatch, number
from query_guard.records import Pool as PoolFacts

_WATCH = "_query_guard_watch"
_DEFAULT_SIZES = (5, 10)
_watches: weakref.WeakValueDictionary[int, PoolWatch] = weakref.WeakValueDictionary()


def watch_of(pool: Any) -> PoolWatch:
    watch: PoolWatch | None = pool.__dict__.get(_WATCH)
    if watch is None:
        watch = pool.__dict__[_WATCH] = PoolWatch(pool)
        _watches[watch.serial] = watch
    return watch


def pool_facts(watch: PoolWatch) -> PoolFacts | None:
    """Return the numbers of a pool now; None if the pool no longer exists."""
    pool = watch.pool()
    if pool is None:
        return None
    in_use, size, overflow = checked_out(watch)
    max_overflow = watch.max_overflow
    return PoolFacts(
        watch.serial, watch.engine, watch.kind, size, in_use, overflow,
        size + max_overflow if size is not None and max_overflow is not None and max_overflow >= 0 else None,
        (size, max_overflow) == _DEFAULT_SIZES, watch.pre_ping, watch.peak, watch.waits, watch.wait_time,
        watch.connects, watch.connect_time, watch.name, number(pool, "checkedin"), waiting_in(pool), watch.collected,
    )  # fmt: skip


def checked_out(watch: PoolWatch) -> tuple[int | None, int | None, int | None]:
    """Return how many connections are out, the size of the pool, and how many are out beyond it."""
    pool: Any = watch.pool()
    if not watch.has_numbers or pool is None:
        return None, watch.size, None
    in_use, overflow = pool.checkedout(), pool.overflow()
    # both may be negative: after dispose() a connection is returned, and overflow() begins at minus the size
    return max(0, in_use), watch.size, max(0, overflow)


def number_out(watch: PoolWatch) -> int:
    """Return how many connections are out, those of requests that are not sampled included where the pool knows."""
    recorded = len(watch.holders)
    return max(recorded, checked_out(watch)[0] or 0) if watch.has_unrecorded else recorded


def live_watches() -> tuple[PoolWatch, ...]:
    """Return the pools that had a checkout in any window and still exist."""
    watches = [watch for ref in _watches.valuerefs() if (watch := ref()) is not None]
    return tuple(sorted(watches, key=lambda watch: watch.serial))
