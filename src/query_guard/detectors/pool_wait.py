"""Time that a checkout waited for a free connection of its pool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.starvation import starved_by_threads
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Checkout, Facts, Finding, Pool, Triggers, grouped, shown_seconds

KIND = "pool_wait"


@dataclass(eq=False)
class PoolWait(Thresholds):
    """Find checkouts that waited at least `seconds`, one finding for each pool, with those who held its connections."""

    seconds: float = 0.05
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"longest_wait": self.seconds}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        pools = {pool.serial: pool for pool in facts.pools}
        waited = (
            checkout for checkout in facts.checkouts if checkout.wait >= self.seconds and checkout.outcome != "timeout"
        )
        for serial, checkouts in grouped(waited, lambda checkout: checkout.pool).items():
            yield _finding(checkouts, pools.get(serial), facts)


def _finding(checkouts: list[Checkout], pool: Pool | None, facts: Facts) -> Finding:
    worst = max(checkouts, key=lambda checkout: checkout.wait)
    total = sum(checkout.wait for checkout in checkouts)
    times = f", {len(checkouts)} times {shown_seconds(total)} in all" if len(checkouts) > 1 else ""
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"A connection was waited for {shown_seconds(worst.wait)}{times}{_while_held(pool)}",
        fix=starved_by_threads(checkouts, facts)
        or "Let the holders keep theirs for less long: close sessions before slow work, and commit before waiting; "
        "if all are busy with statements, raise pool_size or max_overflow",
        site=worst.site,
        count=len(checkouts),
        saving=total,
        phase=worst.phase,
        request=worst.request,
        details=tuple(f"held by {holder}" for holder in worst.holders),
    )


def _while_held(pool: Pool | None) -> str:
    if pool is None or pool.capacity is None:
        return ""
    return f" while {'the only one was' if pool.capacity == 1 else f'all {pool.capacity} were'} held"
