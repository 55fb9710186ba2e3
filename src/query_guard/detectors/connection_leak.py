"""A connection that was never returned to its pool."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Checkout, Facts, Finding, Pool, Triggers, grouped, shown_seconds

KIND = "connection_leak"


class ConnectionLeak:
    """Find connections that nothing of the request can return any more at its end, or that the garbage collector had to
    return.
    """

    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"lost_checkouts": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        pools = {pool.serial: pool for pool in facts.pools}
        leaked = (checkout for checkout in facts.checkouts if checkout.outcome in ("leaked", "collected"))
        for checkouts in grouped(leaked, lambda checkout: (checkout.site.key, checkout.outcome)).values():
            yield _finding(checkouts, facts, pools.get(checkouts[0].pool))


def _finding(checkouts: list[Checkout], facts: Facts, pool: Pool | None) -> Finding:
    first = checkouts[0]
    subject = "A connection was" if len(checkouts) == 1 else f"{len(checkouts)} connections were"
    held = shown_seconds(max(map(facts.held, checkouts)))
    if first.outcome == "leaked":
        summary = f"{subject} not returned at the end of the request, {held} after its checkout"
    else:
        pronoun = "it" if len(checkouts) == 1 else "them"
        summary = f"{subject} dropped, and the garbage collector returned {pronoun} after {held}"
    if pool is not None and pool.capacity is not None:
        summary += f"; the pool has at most {pool.capacity}"
    remedy = "async with AsyncSession(engine) as session:" if pool and pool.engine.is_async else _SYNC
    return Finding(
        kind=KIND,
        severity="error",
        summary=summary,
        fix=f"Let a context manager close it, also when an exception passes: {remedy}, or a dependency that yields it",
        remedy=remedy,
        site=first.site,
        count=len(checkouts),
        phase=first.phase,
        request=first.request,
    )


_SYNC = "with Session(engine) as session:"
