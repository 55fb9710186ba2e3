"""The threads that sync endpoints run in: where all are taken, whoever holds a connection may wait for one."""

from __future__ import annotations

import sys
import threading

_WORKER = "WorkerThread"


def busy_threads() -> int:
    """Return how many of AnyIO's worker threads are at work; 0 where that is not known."""
    if "anyio" not in sys.modules:
        return 0
    try:
        workers = [
            one for one in threading.enumerate() if type(one).__name__ == _WORKER and hasattr(one, "idle_workers")
        ]
        idle = {id(one) for worker in workers for one in worker.idle_workers}
        return sum(id(worker) not in idle for worker in workers)
    except Exception:
        return 0


def thread_limit() -> int | None:
    """Return how many of them there may be in the running event loop; None where that is not known."""
    anyio = sys.modules.get("anyio.to_thread")
    try:
        return int(anyio.current_default_thread_limiter().total_tokens) if anyio is not None else None
    except Exception:
        return None
