"""Pools: what each holds and how much of it is out; what its class does not count is None."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

from sqlalchemy.pool import Pool

from query_guard.capture.engines import engine_of
from query_guard.records import Pool as PoolFacts

_serials = itertools.count(1)
_pools: weakref.WeakKeyDictionary[Pool, int] = weakref.WeakKeyDictionary()


def pool_serial(pool: Pool) -> int:
    return _pools.get(pool) or _pools.setdefault(pool, next(_serials))


def pool_facts(pool: Pool) -> PoolFacts:
    """Read a pool's numbers as they stand."""
    size = _number(pool, "size")
    overflow = _number(pool, "overflow")
    return PoolFacts(
        pool_serial(pool),
        engine_of(pool._dialect),
        type(pool).__name__,
        size,
        _number(pool, "checkedout"),
        max(0, overflow) if overflow is not None else None,
    )


def _number(pool: Any, name: str) -> int | None:
    value = getattr(pool, name, None)
    value = value() if callable(value) else value
    return value if isinstance(value, int) else None


def live_pools() -> tuple[PoolFacts, ...]:
    """Return the pools of the process that any window has seen and that still exist."""
    return tuple(pool_facts(pool) for pool in list(_pools))
