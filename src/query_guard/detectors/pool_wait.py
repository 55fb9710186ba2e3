"""Time that a checkout waited for a free connection of its pool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.bursts import is_in_burst
from query_guard.detectors.starvation import starved_by_threads
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Checkout, Facts, Finding, Pool, Triggers, grouped, shown_seconds

KIND = "pool_wait"


@dataclass(eq=False)
class PoolWait(Thresholds):
    """Find checkouts that waited at least `seconds`, one finding for each pool, with those who held its connections.

    It is information where the event loop was busy for most of that time, as in a burst of requests: then the holders
    waited for the loop, too.

    It is a wait if it ended as somebody gave a connection back, or was given up while all were held. In a pool that had
    a connection to give, the time went by elsewhere: in a listener, or on a busy machine.
    """

    seconds: float = 0.05
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"longest_wait": self.seconds}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        pools = {pool.serial: pool for pool in facts.pools}
        waited = (
            checkout for checkout in facts.checkouts if checkout.wait >= self.seconds and _waited_for_another(checkout)
        )
        for serial, checkouts in grouped(waited, lambda checkout: checkout.pool).items():
            yield _finding(checkouts, pools.get(serial), facts)


def _waited_for_another(checkout: Checkout) -> bool:
    if checkout.outcome in ("timeout", "cancelled"):  # a timeout is a finding of its own
        return checkout.outcome == "cancelled"
    return any(holder.doing == "then returned" for holder in checkout.holders)


def _finding(checkouts: list[Checkout], pool: Pool | None, facts: Facts) -> Finding:
    worst = max(checkouts, key=lambda checkout: checkout.wait)
    total = sum(checkout.wait for checkout in checkouts)
    is_burst = all(is_in_burst(checkout.start, checkout.start + checkout.wait, facts) for checkout in checkouts)
    times = f", {len(checkouts)} times {shown_seconds(total)} in all" if len(checkouts) > 1 else ""
    return Finding(
        kind=KIND,
        severity="info" if is_burst else "warning",
        summary=f"A connection was waited for {shown_seconds(worst.wait)}{times}{_while_held(pool)}",
        fix=starved_by_threads(checkouts, facts) or (_FIX_OF_BURST if is_burst else _FIX),
        site=worst.site,
        count=len(checkouts),
        saving=total,
        phase=worst.phase,
        request=worst.request,
        details=tuple(f"held by {holder}" for holder in worst.holders),
    )


_FIX = (
    "Let the holders keep theirs for less long: close sessions before slow work, and commit before waiting; "
    "if all are busy with statements, raise pool_size or max_overflow"
)
_FIX_OF_BURST = (
    "The event loop was busy for most of that time, and the holders waited for it, too: "
    "spread the requests over more processes; a larger pool would not help"
)


def _while_held(pool: Pool | None) -> str:
    if pool is None or pool.capacity is None:
        return ""
    return f" while {'the only one was' if pool.capacity == 1 else f'all {pool.capacity} were'} held"
