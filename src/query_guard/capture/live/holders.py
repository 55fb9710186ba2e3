"""The holders of a pool's connections: for a checkout that waits, for the debug page, and for suspected leaks."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import TypeAlias

from query_guard.capture.live.pools import live_watches, pool_facts
from query_guard.capture.window.open_checkout import OpenCheckout, Owner, name_of
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.records import CallSite, Doing, Engine, Holder, Pool

NOTICED_WAIT = 0.01
"""Seconds from which on a checkout waited for another one; less is the work of the pool itself."""
SUSPICIOUS = 10.0
"""Seconds from which on a connection that is held and idle is suspected to be a leak."""


def holder(checkout: OpenCheckout, now: float) -> Holder:
    """Describe the holder of a connection, now or at the end of the checkout."""
    until = checkout.ended or now
    doing: Doing = "running a statement" if checkout.running else "idle"
    if not checkout.running and checkout.transaction is not None:
        doing = "idle in transaction"
    if checkout.ended is not None:
        doing = "then collected" if checkout.outcome == "collected" else "then returned"
    idle = 0.0 if checkout.running else max(0.0, until - checkout.last)
    is_suspected = checkout.ended is None and (idle >= SUSPICIOUS or checkout.outcome == "leaked")
    return Holder(
        checkout.serial, checkout.name, checkout.site, until - checkout.acquired, idle, doing, is_suspected
    )  # fmt: skip


def holders_of(watch: PoolWatch) -> tuple[Holder, ...]:
    """Return the holders of a pool's connections, the longest first."""
    now = perf_counter()
    checkouts = sorted(watch.holders.values(), key=lambda checkout: checkout.started)
    return tuple(holder(checkout, now) for checkout in checkouts)


def live_pools() -> Iterator[tuple[Pool, tuple[Holder, ...]]]:
    """Yield the pools that had a checkout in any window and still exist, each with the holders of its connections."""
    for watch in live_watches():
        pool = pool_facts(watch)
        if pool is not None:
            yield pool, holders_of(watch)


Returned: TypeAlias = tuple[int, "Owner | None", CallSite, float, float, float, float, float]
"""What is kept of a checkout after its end, with the connection: serial, window, site, start, seconds of wait and of
connect, end of the last statement, and checkin. Moments are those of `perf_counter`.
"""


def holders_before(checkout: OpenCheckout, last: Returned | None) -> tuple[Holder, ...]:
    """Return the holders that made a checkout wait: the last one of its connection, and those of all others."""
    now = perf_counter()
    holders = [holder(holding, now) for holding in list(checkout.pool.holders.values())]
    if last is not None and last[-1] >= checkout.started:
        serial, window, site, started, wait, connect, idle_since, ended = last
        hold, idle = ended - started - wait - connect, max(0.0, ended - idle_since)
        holders.insert(0, Holder(serial, name_of(window), site, hold, idle, "then returned", False))
    return tuple(holders)


_next_check = 0.0


def due_suspicions() -> Iterator[tuple[Holder, Engine]]:
    """Check all holders once a second, and yield those that are newly suspected, or no longer.

    A leak that is certain is not a suspicion: the report of its request has it. It is yielded if it became certain only
    afterwards, as the garbage collector had to return the connection.
    """
    global _next_check  # noqa: PLW0603
    now = perf_counter()
    if now < _next_check:
        return
    _next_check = now + 1
    for watch in live_watches():
        while watch.unreported:
            collected = watch.unreported.popleft()
            watch.suspects.pop(collected.serial, None)
            yield holder(collected, now), watch.engine
        for checkout in list(watch.holders.values()):
            described = holder(checkout, now)
            if described.suspected and checkout.outcome != "leaked" and checkout.serial not in watch.suspects:
                watch.suspects[checkout.serial] = checkout
                yield described, watch.engine
        for checkout in list(watch.suspects.values()):
            described = holder(checkout, now)
            if not described.suspected:
                watch.suspects.pop(checkout.serial, None)
                yield described, watch.engine
