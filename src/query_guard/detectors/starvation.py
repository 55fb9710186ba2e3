"""A pool without free connections because all threads wait for it: its holders need a thread to return theirs."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Checkout, Facts


def starved_by_threads(checkouts: Sequence[Checkout], facts: Facts) -> str:
    """Return the fix if all threads of sync endpoints were busy while idle holders waited for one, or else ""."""
    limit = facts.thread_limit
    if limit is None:
        return ""
    if not any(checkout.busy_threads >= _MOST * limit and _is_held_idle(checkout) for checkout in checkouts):
        return ""
    return (
        f"All {limit} threads of sync endpoints were taken by requests that wait for this pool, and its idle holders "
        "wait for a thread to serialise their answers and to close their sessions: close the session inside the "
        "endpoint, or make endpoint and session async (a larger pool helps only with as many connections as threads)"
    )


_MOST = 0.8
"""The share of the threads that must be busy: those that have just given up may be between two requests."""


def _is_held_idle(checkout: Checkout) -> bool:
    """Whether most holders that it waited for were idle for most of that time."""
    idle = [
        holder for holder in checkout.holders if holder.doing.startswith("idle") and holder.idle >= checkout.wait / 2
    ]
    return 2 * len(idle) > len(checkout.holders)
