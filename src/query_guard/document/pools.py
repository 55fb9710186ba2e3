"""Pools as data: what was measured of them, and what a request took from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from query_guard.document.connections import holder_document
from query_guard.document.fields import milliseconds
from query_guard.records import Holder, Numbers, Pool


def pool_document(pool: Pool) -> dict[str, Any]:
    return {
        "id": pool.serial,
        "name": pool.name,
        "engine": str(pool.engine),
        "kind": pool.kind,
        "size": pool.size,
        "checked_out": pool.checked_out,
        "overflow": pool.overflow,
        "idle": pool.idle,
        "waiting": pool.waiting,
        "capacity": pool.capacity,
        "pre_ping": pool.pre_ping,
        "peak": pool.peak,
        "waits": pool.waits,
        "wait_ms": milliseconds(pool.wait_time),
        "connects": pool.connects,
        "connect_ms": milliseconds(pool.connect_time),
        "collected": pool.collected,
    }


def live_pool_document(pool: Pool, holders: Sequence[Holder]) -> dict[str, Any]:
    """Return a pool and who holds its connections; `unseen` counts those whose checkout was not recorded."""
    unseen = max(0, pool.checked_out - len(holders)) if pool.checked_out is not None else None
    shown = [holder_document(holder) for holder in holders]
    return {**pool_document(pool), "holders": shown, "unseen": unseen}


def pool_numbers(numbers: Numbers) -> dict[str, int | float | None]:
    """Return the checkouts, waits and holds of the pool with most checkouts, in the order of the header."""
    if not numbers.checkouts:
        return {}
    return {
        "checkouts": numbers.checkouts,
        "wait_ms": milliseconds(numbers.wait),
        "held_ms": milliseconds(numbers.held),
        "checked_out": numbers.checked_out,
        "size": numbers.size,
        "overflow": numbers.overflow,
    }
