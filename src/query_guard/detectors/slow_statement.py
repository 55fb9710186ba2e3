"""A statement that took very long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.bursts import FIX_OF_BURST, is_in_burst
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Silence, Statement, Triggers, Writer, grouped, shown_seconds

KIND = "slow_statement"

_WAITED = frozenset(("DeadlockDetected", "LockNotAvailable"))
"""Errors of statements that waited for a lock."""


@dataclass(eq=False)
class SlowStatement(Thresholds):
    """Find statements whose driver call took at least `seconds`, one finding for each shape and site.

    Time in which the event loop was blocked is not the database's, and does not count. If that is most of the time, as
    in a burst of requests, the rest is only information. A statement that failed while it
    waited for a lock is a `failed_statement`, and not slow.
    """

    seconds: float = 0.1

    @property
    def triggers(self) -> Triggers:
        return {"longest_statement": self.seconds}

    def __call__(self, facts: Facts) -> Iterator[Finding | Silence]:
        long_rows = [row for row in facts.statements if row.duration >= self.seconds]
        if not long_rows:
            return
        for row in long_rows:
            if row.database_time < self.seconds:
                reason = f"not slow: the event loop stood still for {row.stalled * 1000:.0f} ms of its "
                yield Silence(KIND, f"{reason}{row.duration * 1000:.0f} ms", row.site, 1, (row.serial,))
        slow = (row for row in long_rows if row.database_time >= self.seconds and row.error not in _WAITED)
        for rows in grouped(slow, lambda row: (row.fingerprint, row.site.key)).values():
            worst = max(rows, key=lambda row: row.database_time)
            times = f", {len(rows)} times" if len(rows) > 1 else ""
            is_burst = all(is_in_burst(row.start, row.end, facts) for row in rows)
            yield Finding(
                kind=KIND,
                severity="info" if is_burst else "warning",
                summary=f"{worst.operation} took {worst.database_time * 1000:.0f} ms{times}: {worst.sql}",
                fix=FIX_OF_BURST if is_burst else _fix(worst, facts),
                site=worst.site,
                count=len(rows),
                relationship=worst.relationship,
                saving=sum(row.database_time - self.seconds for row in rows),
                phase=worst.phase,
                statements=tuple(row.serial for row in rows),
                request=worst.request,
            )


_PLAN = (
    "Look at its plan with EXPLAIN (ANALYZE, BUFFERS); the usual fix is an index on the columns it filters and sorts by"
)


def _fix(row: Statement, facts: Facts) -> str:
    """Return the fix. A statement that takes locks may have waited for one: then its plan says nothing."""
    holder = _lock_holder(row, facts)
    if holder is not None:
        tables = ", ".join(table for table in holder.tables if table in (*row.writes, *row.tables))
        return (
            f"It may have waited for a lock: {holder.name} held a transaction open for "
            f"{shown_seconds(holder.end - holder.start)} that had written to {tables}; commit that one sooner, before "
            "it waits for anything"
        )
    if row.engine.is_server and row.info.unique and (row.writes or row.info.clauses.lock):
        return (
            "It finds its row by a key, so it may have waited for a lock, of a transaction that nothing recorded "
            f"(look at pg_stat_activity while it waits). If not: {_PLAN}"
        )
    return _PLAN


def _lock_holder(row: Statement, facts: Facts) -> Writer | None:
    """Return the transaction that had written to a table of the statement during most of the statement's time."""
    if not (row.writes or row.info.clauses.lock or " FOR " in row.sql):
        return None
    tables = {*row.writes, *row.tables}
    overlaps = [
        (min(writer.end, row.end) - max(writer.start, row.start), writer)
        for writer in facts.writers
        if writer.serial != row.transaction
        and writer.engine == row.engine.serial
        and tables.intersection(writer.tables)
    ]
    seconds, holder = max(overlaps, key=lambda pair: pair[0], default=(0.0, None))
    return holder if seconds >= row.duration / 2 else None
