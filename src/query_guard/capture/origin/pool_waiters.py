"""How many threads or tasks wait for a connection of a pool. Nothing is counted for it: the pool's own queue knows."""

from __future__ import annotations

from typing import Any


def waiters(pool: Any) -> int | None:
    """Return how many wait, or None where the class of the pool has no queue that is known here."""
    queue = getattr(pool, "_pool", None)
    condition = getattr(queue, "not_empty", None)
    if condition is not None:  # of threads
        return _length(condition, "_waiters")
    if queue is None or not hasattr(type(queue), "_queue"):
        return None
    of_tasks = vars(queue).get("_queue")  # it is made with the first checkout, where an event loop runs
    return _length(of_tasks, "_getters") if of_tasks is not None else 0


def _length(holder: Any, name: str) -> int | None:
    waiting = getattr(holder, name, None)
    return len(waiting) if waiting is not None else None
