"""A statement that took longer than anyone should wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Silence, Statement, Triggers, Writer, grouped, shown_seconds

KIND = "slow_statement"

_WAITED = frozenset(("DeadlockDetected", "LockNotAvailable"))
"""Errors that say what a statement waited for."""


@dataclass(eq=False)
class SlowStatement(Thresholds):
    """Find statements whose driver call took at least `seconds`, one finding for each shape and site.

    Time in which the event loop stood still is not the database's, and does not count. A statement that failed as it
    had waited for a lock is a `failed_statement`, and no slow one.
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
        slow = (row for row in long if row.database_time >= self.seconds and row.error not in _WAITED)
        for rows in grouped(slow, lambda row: (row.fingerprint, row.site.key)).values():
            worst = max(rows, key=lambda row: row.database_time)
            often = f", {len(rows)} times" if len(rows) > 1 else ""
            yield Finding(
                kind=KIND,
                severity="warning",
                summary=f"{worst.operation} took {worst.database_time * 1000:.0f} ms{often}: {worst.sql}",
                fix=_fix(worst, facts),
                site=worst.site,
                count=len(rows),
                relationship=worst.relationship,
                saving=sum(row.database_time - self.seconds for row in rows),
                phase=worst.phase,
                statements=tuple(row.serial for row in rows),
                request=worst.request,
            )


_PLAN = (
    "Look at its plan with EXPLAIN (ANALYZE, BUFFERS); the usual cure is an index on the columns it filters and sorts "
    "by"
)


def _fix(row: Statement, facts: Facts) -> str:
    """A statement that takes locks may have waited for one: then its plan has nothing to tell."""
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
    """Return whose transaction had written to a table of the statement during most of its time."""
    if not (row.writes or row.info.clauses.lock or " FOR " in row.sql):
        return None
    tables = {*row.writes, *row.tables}
    beside = [
        (min(one.end, row.end) - max(one.start, row.start), one)
        for one in facts.writers
        if one.serial != row.transaction and one.engine == row.engine.serial and tables.intersection(one.tables)
    ]
    seconds, holder = max(beside, key=lambda pair: pair[0], default=(0.0, None))
    return holder if seconds >= row.duration / 2 else None
