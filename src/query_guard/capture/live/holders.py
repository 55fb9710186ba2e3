"""Who holds the connections of a pool, and since when: asked for when someone waits for one."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import TypeAlias

from query_guard.capture.live.pools import live_watches, pool_facts
from query_guard.capture.window.open_checkout import OpenCheckout, Owner, name_of
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.records import CallSite, Doing, Engine, Holder, Pool

NOTICED_WAIT = 0.01
"""Seconds from which on a checkout has waited for somebody; less is the pool's own work."""
SUSPICIOUS = 10.0
"""Seconds from which on a connection that is held and idle looks forgotten."""


def holder(checkout: OpenCheckout, now: float) -> Holder:
    """Describe who has a connection at this moment, or had it until it was returned."""
    until = checkout.ended or now
    doing: Doing = "running a statement" if checkout.running else "idle"
    if not checkout.running and checkout.transaction is not None:
        doing = "idle in transaction"
    if checkout.ended is not None:
        doing = "then returned"
    idle = 0.0 if checkout.running else max(0.0, until - checkout.last)
    is_suspected = checkout.ended is None and (idle >= SUSPICIOUS or checkout.outcome == "leaked")
    return Holder(
        checkout.serial, checkout.name, checkout.site, until - checkout.acquired, idle, doing, is_suspected
    )  # fmt: skip


def holders_of(watch: PoolWatch) -> tuple[Holder, ...]:
    """Return the holders of a pool's connections, the longest first."""
    now = perf_counter()
    return tuple(holder(checkout, now) for checkout in sorted(watch.holders.values(), key=lambda one: one.started))


def live_pools() -> Iterator[tuple[Pool, tuple[Holder, ...]]]:
    """Yield the pools that any window has seen and that still exist, with the holders of their connections."""
    for watch in live_watches():
        pool = pool_facts(watch)
        if pool is not None:
            yield pool, holders_of(watch)


Returned: TypeAlias = tuple[int, "Owner | None", CallSite, float, float, float, float, float]
"""What is left of a checkout on a connection that is back in its pool: serial, window, site, when it was asked for, the
seconds of wait and connect, when its last statement ended, and when it came back (`perf_counter`).
"""


def those_before(checkout: OpenCheckout, last: Returned | None) -> tuple[Holder, ...]:
    """Return who made a checkout wait: who had its connection last, and who still holds another one."""
    now = perf_counter()
    others = [holder(one, now) for one in list(checkout.pool.holders.values())]
    if last is not None and last[-1] >= checkout.started:
        serial, window, site, started, wait, connect, idle_since, ended = last
        hold, idle = ended - started - wait - connect, max(0.0, ended - idle_since)
        others.insert(0, Holder(serial, name_of(window), site, hold, idle, "then returned", False))
    return tuple(others)


_next_look = 0.0


def due_suspicions() -> Iterator[tuple[Holder, Engine]]:
    """Look at all holders once a second, and yield those that have come under suspicion since, or no longer are.

    A certain leak is no suspicion: its request's report has told it.
    """
    global _next_look  # noqa: PLW0603
    now = perf_counter()
    if now < _next_look:
        return
    _next_look = now + 1
    for watch in live_watches():
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
