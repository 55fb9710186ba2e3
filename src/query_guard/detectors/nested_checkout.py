"""A second checkout while the first connection is held: many such requests at once are a deadlock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Checkout, Facts, Finding, Pool, Severity, Triggers, grouped

KIND = "nested_checkout"

_MOST = 100
"""How many checkouts are compared, each with all before it."""


@dataclass(eq=False)
class NestedCheckout(Thresholds):
    """Find checkouts by a request that already held a connection of the same pool.

    Tasks that run at the same time may each hold one, since none waits for another. A warning if at least the share
    `crowded` of the pool's capacity is out, so that a deadlock is near.
    """

    crowded: float = 0.8
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"nested_checkouts": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        pools = {pool.serial: pool for pool in facts.pools if pool.capacity is not None}
        pairs = (pair for serial in pools for pair in _pairs([c for c in facts.checkouts if c.pool == serial], facts))
        for nested in grouped(pairs, lambda pair: (pair[0].site.key, pair[1].site.key)).values():
            yield self._finding(nested, pools[nested[0][0].pool])

    def _finding(self, pairs: list[tuple[Checkout, Checkout]], pool: Pool) -> Finding:
        outer, inner = pairs[0]
        frame = outer.site.innermost
        held = f" at {frame.file}:{frame.line}" if frame else ""
        times = f", {len(pairs)} times" if len(pairs) > 1 else ""
        severity: Severity = "warning" if any(self._is_tight(second, pool) for _, second in pairs) else "info"
        return Finding(
            kind=KIND,
            severity=severity,
            summary=f"A second connection was taken while the one taken{held} was still held{times}",
            fix="Use one session for the whole request: pass it on instead of opening another, or close it first",
            details=(_deadlock(pool.capacity or 0),),
            site=inner.site,
            callers=(outer.site,),
            count=len(pairs),
            phase=inner.phase,
            request=inner.request,
        )

    def _is_tight(self, inner: Checkout, pool: Pool) -> bool:
        return inner.outcome == "timeout" or inner.held_in_pool >= self.crowded * (pool.capacity or 0)


def _deadlock(capacity: int) -> str:
    if capacity == 1:
        return "with one connection, such a request waits for itself"
    return f"{capacity} such requests at once hold all {capacity} connections, and each waits for another one"


def _pairs(checkouts: list[Checkout], facts: Facts) -> Iterator[tuple[Checkout, Checkout]]:
    """Yield each checkout with an earlier one of the same request that was held when it began."""
    for number, inner in enumerate(checkouts[:_MOST]):
        for outer in checkouts[:number]:
            is_held = outer.acquired <= inner.start < outer.acquired + facts.held(outer)
            if is_held and outer.request == inner.request and _waits_for(outer, inner):
                yield outer, inner
                break


def _waits_for(outer: Checkout, inner: Checkout) -> bool:
    """Whether the task that holds `outer` waits for `inner`."""
    if outer.task == inner.task:
        return True
    return outer.site.boundary != "task" and outer.site.key != inner.site.key
