"""One session that several tasks or threads use at once."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Triggers, grouped

KIND = "shared_session"


class SharedSession:
    """Find sessions that were used while another task or thread was using them, which SQLAlchemy refuses."""

    @property
    def triggers(self) -> Triggers:
        return {"failed_loads": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        refused = [load for load in facts.failed_loads if load.failure == "shared"]
        for loads in grouped(refused, lambda load: load.request).values():
            first = next((load for load in loads if load.site.frames), loads[0])
            yield Finding(
                kind=KIND,
                severity="warning",
                summary="One session was used by several tasks or threads at once, which it refuses",
                fix="Give each task a session of its own, opened in the task with a context manager, "
                "or await one after the other",
                site=first.site,
                count=len(loads),
                phase=first.phase,
                request=first.request,
            )
