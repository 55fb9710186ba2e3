"""When something that goes on is worth another line in the log."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from time import perf_counter

_EVERY = 600.0
"""Seconds after which what goes on is logged again, however often it was."""
_MOST_KEYS = 10_000


class Recurrence:
    """Counts what happens, by any key, and is due the first time, at each power of ten, and at least every ten minutes.

    Of more than 10,000 keys, those that did not happen for longest are forgotten.
    """

    def __init__(self) -> None:
        self._times: dict[Hashable, tuple[int, float]] = {}
        """How often, and when it was last due; what happened last stands last."""
        self._lock = threading.Lock()

    def due(self, key: Hashable) -> int | None:
        """Count one more, and return how many there were so far, or None where it is not due."""
        now = perf_counter()
        with self._lock:
            times, due = self._times.pop(key, (0, now))
            times += 1
            is_due = str(times).strip("0") == "1" or now - due >= _EVERY
            self._times[key] = times, now if is_due else due
            if len(self._times) > _MOST_KEYS:
                del self._times[next(iter(self._times))]
        return times if is_due else None
