"""A pool that had no free connection until a checkout reached the pool's timeout."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.detectors.starvation import starved_by_threads
from query_guard.records import (
    OUTSIDE_REQUESTS,
    Checkout,
    Facts,
    Finding,
    Holder,
    Pool,
    Triggers,
    grouped,
    shown_seconds,
)

KIND = "pool_timeout"


class PoolTimeout:
    """Find checkouts that reached the pool's timeout, with the holders of its connections at that moment."""

    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"lost_checkouts": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        pools = {pool.serial: pool for pool in facts.pools}
        failed = (checkout for checkout in facts.checkouts if checkout.outcome == "timeout")
        for serial, checkouts in grouped(failed, lambda checkout: checkout.pool).items():
            yield _finding(checkouts, pools.get(serial), facts)


def _finding(checkouts: list[Checkout], pool: Pool | None, facts: Facts) -> Finding:
    last = checkouts[-1]
    times = f", {len(checkouts)} times" if len(checkouts) > 1 else ""
    capacity = f" of at most {pool.capacity}" if pool is not None and pool.capacity is not None else ""
    held = f"{len(last.holders)}{capacity} were held{_mostly(last.holders)}" if last.holders else _UNSEEN
    return Finding(
        kind=KIND,
        severity="error",
        summary=f"No connection was free within {shown_seconds(last.wait)}{times}: {held}",
        fix=starved_by_threads(checkouts, facts) or _fix(last.holders),
        site=last.site,
        count=len(checkouts),
        saving=sum(checkout.wait for checkout in checkouts),
        phase=last.phase,
        request=last.request,
        details=tuple(f"held by {holder}" for holder in last.holders),
    )


_UNSEEN = "code that is not recorded held them all"


def _mostly(holders: tuple[Holder, ...]) -> str:
    """Name the holder of most of the connections, and how many it holds."""
    name, holds = max(grouped(holders, lambda holder: holder.name).items(), key=lambda pair: len(pair[1]))
    return f", {'all' if len(holds) == len(holders) else len(holds)} by {name}"


def _fix(holders: tuple[Holder, ...]) -> str:
    if not holders:
        return "Look at code outside requests, at raw threads and at excluded paths, which are not recorded"
    forgotten = [holder for holder in holders if holder.suspected]
    if forgotten:
        frame = forgotten[0].site.innermost
        location = f"at {frame.file}:{frame.line}" if frame else f"of {forgotten[0].name}"
        return f"Close the session {location}: it looks forgotten; open it with a context manager or a yield dependency"
    idle = [holder for holder in holders if holder.doing == "idle in transaction"]
    if idle and all(holder.name == OUTSIDE_REQUESTS for holder in idle):
        return (
            "Commit or close the sessions of code outside requests before it waits; a task that was given the session "
            "of a request must open one of its own, with a context manager: nobody closes the other"
        )
    if idle:
        return "Commit or close the holders' sessions before they wait for anything but the database"
    return "Shorten the holders' statements, or raise pool_size and max_overflow as far as the server allows"
