"""What was seen running while an event loop was blocked."""

from __future__ import annotations

from query_guard.records import CallSite


class Blocker:
    """The line that seems to block a loop, and its request.

    `looks` counts how often its turn was seen to go on, and how often another one was running. `task` identifies the
    task of the turn, and does not keep it alive.
    """

    __slots__ = ("looks", "request", "site", "task")

    def __init__(self, site: CallSite, request: int, task: int = 0) -> None:
        self.site, self.request, self.task = site, request, task
        self.looks = [1, 0]

    def look(self, task: int) -> None:
        self.looks[task != self.task] += 1

    @property
    def is_one_turn(self) -> bool:
        """Whether its turn was running for most of the time; else many turns were, and no line blocks the loop."""
        return self.looks[0] >= self.looks[1]
