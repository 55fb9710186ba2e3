"""A statement that took longer than anyone should wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Silence, Triggers, grouped

KIND = "slow_statement"


@dataclass(eq=False)
class SlowStatement(Thresholds):
    """Find statements whose driver call took at least `seconds`, one finding for each shape and site.

    Time in which the event loop stood still is not the database's, and does not count.
    """

    seconds: float = 0.1

    @property
    def triggers(self) -> Triggers:
        return {"longest_statement": self.seconds}

    def __call__(self, facts: Facts) -> Iterator[Finding | Silence]:
        long = [row for row in facts.statements if row.duration >= self.seconds]
        if not long:
            return
        for row in long:
            if row.database_time < self.seconds:
                reason = f"not slow: the event loop stood still for {row.stalled * 1000:.0f} ms of its "
                yield Silence(KIND, f"{reason}{row.duration * 1000:.0f} ms", row.site, 1, (row.serial,))
        slow = (row for row in long if row.database_time >= self.seconds)
        for rows in grouped(slow, lambda row: (row.fingerprint, row.site.key)).values():
            worst = max(rows, key=lambda row: row.database_time)
            often = f", {len(rows)} times" if len(rows) > 1 else ""
            yield Finding(
                kind=KIND,
                severity="warning",
                summary=f"{worst.operation} took {worst.database_time * 1000:.0f} ms{often}: {worst.sql}",
                fix="Look at its plan with EXPLAIN (ANALYZE, BUFFERS); the usual cure is an index on the columns it "
                "filters and sorts by",
                site=worst.site,
                count=len(rows),
                relationship=worst.relationship,
                saving=sum(row.database_time - self.seconds for row in rows),
                phase=worst.phase,
                statements=tuple(row.serial for row in rows),
                request=worst.request,
            )
