"""The threads of sync endpoints: when all are busy, a request that holds a connection may wait for a thread."""

from __future__ import annotations

import sys
import threading

_WORKER = "WorkerThread"


def busy_threads() -> int:
    """Return how many of AnyIO's worker threads are busy; 0 where that is not known."""
    if "anyio" not in sys.modules:
        return 0
    try:
        workers = [
            thread
            for thread in threading.enumerate()
            if type(thread).__name__ == _WORKER and hasattr(thread, "idle_workers")
        ]
        idle = {id(idle_worker) for worker in workers for idle_worker in worker.idle_workers}
        return sum(id(worker) not in idle for worker in workers)
    except Exception:
        return 0


def thread_limit() -> int | None:
    """Return the most worker threads in the running event loop; None where that is not known."""
    anyio = sys.modules.get("anyio.to_thread")
    try:
        return int(anyio.current_default_thread_limiter().total_tokens) if anyio is not None else None
    except Exception:
        return None
