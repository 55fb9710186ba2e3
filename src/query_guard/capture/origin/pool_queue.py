"""How many wait for a connection of a pool now. SQLAlchemy does not say; after a change there, it is unknown."""

from __future__ import annotations

from typing import Any


def waiting_in(pool: Any) -> int | None:
    """Return how many tasks or threads wait in the queue of a pool; None for a pool without a queue."""
    try:
        queue = vars(getattr(pool, "_pool", None))
        if "not_empty" in queue:
            return len(queue["not_empty"]._waiters)
        getters = vars(queue["_queue"])["_getters"] if "_queue" in queue else ()
        return sum(not getter.done() for getter in getters)
    except (AttributeError, KeyError, TypeError):
        return None
