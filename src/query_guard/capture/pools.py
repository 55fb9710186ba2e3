"""Pools: what each holds, who has its connections, and what was seen of it since the process began."""

from __future__ import annotations

import weakref
from typing import Any

from query_guard.capture.stays import PoolWatch, number
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
    """Read a pool's numbers as they stand; None once it is gone."""
    pool = watch.pool()
    if pool is None:
        return None
    size, most, overflow = watch.size, watch.most, number(pool, "overflow")
    out = number(pool, "checkedout")  # less than 0 when a connection came back after dispose()
    return PoolFacts(
        watch.serial, watch.engine, watch.kind, size, None if out is None else max(0, out),
        max(0, overflow) if overflow is not None else None,
        size + most if size is not None and most is not None and most >= 0 else None,
        (size, most) == _DEFAULT_SIZES, watch.pre_ping, watch.peak, watch.waits, watch.wait_time, watch.connects,
        watch.connect_time,
    )  # fmt: skip


def live_watches() -> tuple[PoolWatch, ...]:
    """Return the pools of the process that any window has seen and that still exist."""
    watches = [watch for ref in _watches.valuerefs() if (watch := ref()) is not None]
    return tuple(sorted(watches, key=lambda watch: watch.serial))
