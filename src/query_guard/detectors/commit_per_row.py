"""A commit inside the loop: a flush to disk for each row, and half of the work done when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.queues import end_jobs
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Silence, Statement, Transaction, Triggers, grouped

KIND = "commit_per_row"


@dataclass(eq=False)
class CommitPerRow(Thresholds):
    """Find a line that commits writes `commits` times or more; `chunk` rows on average make it work in chunks.

    A queue (`queues`) commits each job for good.
    """

    commits: int = 3
    chunk: float = 20
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"written_transactions": self.commits}

    def __call__(self, facts: Facts) -> Iterator[Finding | Silence]:
        if facts.request.kind == "websocket":
            return  # what was done must be safe before the next message
        apart = (one for one in facts.committed_writes if one.phase != "streaming")
        groups = grouped(apart, lambda one: (one.site.key, one.engine.serial, one.segment))
        for transactions in groups.values():
            if len(transactions) >= self.commits and not end_jobs(transactions, facts):
                rows = sum(one.rows_written for one in transactions) / len(transactions)
                if rows >= self.chunk:
                    reason = f"no commit per row: {rows:.0f} rows each"
                    yield Silence(KIND, reason, transactions[0].site, len(transactions), ())
                else:
                    yield _finding(transactions, facts)


def _finding(transactions: list[Transaction], facts: Facts) -> Finding:
    first = transactions[0]
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{len(transactions)} transactions were committed one by one, at the same line",
        fix="Commit once, after the loop; for very many rows, once in every thousand",
        site=first.site,
        count=len(transactions),
        phase=first.phase,
        statements=facts.writes_of(transactions),
        request=first.request,
        mends=tuple(_mended(transactions, facts)),
    )


def _mended(transactions: list[Transaction], facts: Facts) -> Iterator[int]:
    """Yield what one commit after the loop makes unnecessary: writes that its flushes sent one by one, and objects
    that were read again since a commit of the loop had expired them.

    What is read at other lines after the loop would be expired by that one commit, too.
    """
    commit, engine = transactions[0].site.key, transactions[0].engine.serial
    for transaction in transactions:
        rows = facts.by_transaction.get(transaction.serial, ())
        yield from [row.serial for row in rows if row.flush and (row.site.key == commit or not row.site.frames)]
    ends = [transaction.end for transaction in transactions if transaction.end is not None]
    again = [row for row in facts.statements if _is_expired(row, engine, min(ends))]
    lines = {row.site.key for row in again if row.start < max(ends)}
    yield from [row.serial for row in again if row.site.key in lines]


def _is_expired(row: Statement, engine: int, since: float) -> bool:
    loader = row.loader
    return loader is not None and loader.kind == "expired" and row.start >= since and row.engine.serial == engine
