"""The times in which a transaction was open and idle, with the line that was running."""

from __future__ import annotations

from query_guard.records import CallSite

MOST_PAUSES = 32


class Pauses:
    """The longest pauses of one transaction, and the last one. All others are counted."""

    __slots__ = ("_kept", "dropped")

    def __init__(self) -> None:
        self._kept: list[tuple[float, float, CallSite]] = []
        """When each was noticed, how many seconds it had lasted when it was last checked, and the line."""
        self.dropped = 0

    def extend(self, since: float, now: float) -> bool:
        """Extend the pause that began at `since` to `now`; False if it has not been noted."""
        if not self._kept or self._kept[-1][0] < since:
            return False
        at, _, site = self._kept[-1]
        self._kept[-1] = (at, now - since, site)
        return True

    def add(self, since: float, now: float, site: CallSite) -> None:
        self._kept.append((now, now - since, site))
        if len(self._kept) > MOST_PAUSES:
            shortest = min(self._kept[:-1], key=lambda pause: pause[1])
            self._kept.remove(shortest)
            self.dropped += 1

    def noticed(self) -> list[tuple[float, CallSite]]:
        """Return when each was noticed (`perf_counter`) and where, in order."""
        return [(at, site) for at, _, site in tuple(self._kept)]
