"""A transaction left open while the application waited for something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from query_guard.detectors.bursts import FIX_OF_BURST, is_in_burst
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import (
    CallSite,
    Facts,
    Finding,
    Phase,
    Statement,
    Transaction,
    Triggers,
    grouped,
    shown_seconds,
)

KIND = "idle_in_transaction"


class _Gap(NamedTuple):
    seconds: float
    site: CallSite
    is_known: bool
    """Whether the site is the line that waited; else it is that of the statement before."""
    phase: Phase | None
    transaction: Transaction
    rows_written: int
    """How many rows the statements before it wrote."""
    is_burst: bool
    """Whether the event loop was busy with other requests."""


@dataclass(eq=False)
class IdleInTransaction(Thresholds):
    """Find gaps of at least `seconds` in which a transaction was open and nothing ran in it.

    Its locks and old row versions stay for that time. Only information on SQLite, and in a burst of requests, where all
    wait for the event loop. Time after a streamed statement is spent fetching, and does not count. A transaction is not
    judged if it is still open, if its statements were only counted, or if it was for a ping, SELECT 1, alone: that has
    neither locks nor rows.
    """

    seconds: float = 0.1
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"longest_transaction": self.seconds}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        ended = [
            transaction
            for transaction in facts.transactions
            if transaction.end is not None
            and transaction.end - transaction.start >= self.seconds
            and not transaction.autocommit
        ]
        if not ended:
            return
        gaps = (gap for transaction in ended for gap in self._gaps(transaction, facts))
        for gaps_of_line in grouped(gaps, lambda gap: (gap.site.key, gap.is_known)).values():
            yield _finding(gaps_of_line)

    def _gaps(self, transaction: Transaction, facts: Facts) -> Iterator[_Gap]:
        rows = facts.by_transaction.get(transaction.serial, [])
        if len(rows) == 1 and _is_ping(rows[0]):
            return
        since, previous = transaction.start, None
        for row in (*sorted(rows, key=lambda row: row.start), None):
            until = row.start if row is not None else transaction.end or since
            is_fetching = previous is not None and previous.streamed
            is_unknown = row is None and facts.dropped > 0
            if until - since >= self.seconds and not (is_fetching or is_unknown):
                seconds = until - since - _stalled_by_others(since, until, facts)
                if seconds >= self.seconds:
                    site, is_known = _waiting_line(since, until, transaction, facts)
                    fallback = previous or row
                    yield _Gap(
                        seconds,
                        site if is_known or fallback is None else fallback.site,
                        is_known,
                        fallback.phase if fallback else None,
                        transaction,
                        _rows_written(rows, since) if row is not None else transaction.rows_written,
                        is_in_burst(since, until, facts, of_others=True),
                    )
            if row is not None:
                since, previous = max(since, row.end), row


def _is_ping(row: Statement) -> bool:
    """Whether a statement asks for constants only."""
    return row.operation == "SELECT" and not (row.tables or row.writes or "(" in row.sql)


def _rows_written(rows: list[Statement], until: float) -> int:
    return sum(max(0, row.rows or 0) for row in rows if row.writes and row.error is None and row.end <= until)


def _stalled_by_others(since: float, until: float, facts: Facts) -> float:
    """Return the seconds of a gap in which another request blocked the event loop."""
    blocks_of_others = (block for block in facts.loop_blocks if block.request != facts.serial)
    return sum(block.overlap(since, until) for block in blocks_of_others)


def _waiting_line(since: float, until: float, transaction: Transaction, facts: Facts) -> tuple[CallSite, bool]:
    sites = [pause.site for pause in transaction.pauses if since <= pause.at <= until]
    sites += [block.site for block in facts.loop_blocks if block.overlap(since, until) > 0]
    application_sites = [site for site in sites if site.frames]
    return (application_sites[0], True) if application_sites else (transaction.site, False)


def _finding(gaps: list[_Gap]) -> Finding:
    worst = max(gaps, key=lambda gap: gap.seconds)
    times = f", {len(gaps)} times" if len(gaps) > 1 else ""
    when = "while this line waited" if worst.is_known else "after this statement"
    rows = worst.rows_written
    writes = f"; it had written {rows} {'row' if rows == 1 else 'rows'}" if rows else ""
    is_burst = all(gap.is_burst for gap in gaps)
    return Finding(
        kind=KIND,
        severity="warning" if worst.transaction.engine.is_server and not is_burst else "info",
        summary=f"A transaction was open and idle for {shown_seconds(worst.seconds)} {when}{times}{writes}",
        fix=FIX_OF_BURST if is_burst else _FIX,
        site=worst.site,
        count=len(gaps),
        phase=worst.phase,
        request=worst.transaction.request,
    )


_FIX = (
    "Commit or close the session before waiting, or wait before the first query; "
    "an open transaction keeps its locks and its connection"
)
