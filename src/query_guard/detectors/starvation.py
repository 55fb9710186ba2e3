"""A pool that starves since all threads wait for it: its holders need one of them to give their connections back."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Checkout, Facts


def starved_by_threads(checkouts: Sequence[Checkout], facts: Facts) -> str:
    """Return the fix where all threads of sync endpoints were taken while idle holders waited for one; or ""."""
    limit = facts.thread_limit
    if limit is None or not any(one.busy_threads >= _MOST * limit and _is_held_idle(one) for one in checkouts):
        return ""
    return (
        f"All {limit} threads of sync endpoints were taken by requests that wait for this pool, and its idle holders "
        "wait for a thread to serialise their answers and to close their sessions: close the session inside the "
        "endpoint, or make endpoint and session async (a larger pool cures it only with as many connections as threads)"
    )


_MOST = 0.8
"""Share of the threads that must be taken: those that have just given up are on their way to the next request."""


def _is_held_idle(checkout: Checkout) -> bool:
    """Whether most of those who made it wait did nothing for most of that time."""
    idle = [who for who in checkout.holders if who.doing.startswith("idle") and who.idle >= checkout.wait / 2]
    return 2 * len(idle) > len(checkout.holders)
