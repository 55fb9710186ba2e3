"""A commit inside a loop: the disk is flushed for each row, and half of the work stays when a later part fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.queues import end_jobs
from query_guard.detectors.refusals import goes_on, refused_like
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Silence, Statement, Transaction, Triggers, grouped

KIND = "commit_per_row"


@dataclass(eq=False)
class CommitPerRow(Thresholds):
    """Find a line that commits writes `commits` times or more, with fewer than `chunk` rows each on average.

    The jobs of a queue (`queues`) are left out: each must end with its own transaction.
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
        single_commits = (transaction for transaction in facts.committed_writes if transaction.phase != "streaming")
        groups = grouped(single_commits, _line_and_segment)
        for transactions in groups.values():
            if len(transactions) >= self.commits and not end_jobs(transactions, facts):
                rows = sum(transaction.rows_written for transaction in transactions) / len(transactions)
                if rows >= self.chunk:
                    reason = f"no commit per row: {rows:.0f} rows each"
                    yield Silence(KIND, reason, transactions[0].site, len(transactions), ())
                else:
                    yield _finding(transactions, facts)


def _line_and_segment(transaction: Transaction) -> tuple[int, int, int]:
    return transaction.site.key, transaction.engine.serial, transaction.segment


def _finding(transactions: list[Transaction], facts: Facts) -> Finding:
    first = transactions[0]
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{len(transactions)} transactions were committed one by one, at the same line",
        fix=_fix(transactions, facts),
        site=first.site,
        count=len(transactions),
        phase=first.phase,
        statements=facts.writes_of(transactions),
        request=first.request,
        avoided=tuple(_avoided_statements(transactions, facts)),
    )


def _fix(transactions: list[Transaction], facts: Facts) -> str:
    rows = [row for transaction in transactions for row in facts.by_transaction.get(transaction.serial, ())]
    of_last = facts.by_transaction.get(transactions[-1].serial, ())
    if any(goes_on(rows, refused_like(row, facts), facts) for row in of_last):
        return "Put each row under session.begin_nested(), as some are refused, and commit once, after the loop"
    return "Commit once, after the loop; for very many rows, once in every thousand"


def _avoided_statements(transactions: list[Transaction], facts: Facts) -> Iterator[int]:
    """Yield the statements that a single commit after the loop avoids: writes of the flush in each commit, and reloads
    of objects that a commit of the loop has expired.

    Reloads at other lines, after the loop, stay: the single commit expires objects, too.
    """
    commit, engine = transactions[0].site.key, transactions[0].engine.serial
    for transaction in transactions:
        rows = facts.by_transaction.get(transaction.serial, ())
        yield from [row.serial for row in rows if row.flush and (row.site.key == commit or not row.site.frames)]
    ends = [transaction.end for transaction in transactions if transaction.end is not None]
    reloads = [row for row in facts.statements if _is_expired(row, engine, min(ends))]
    lines = {row.site.key for row in reloads if row.start < max(ends)}
    yield from [row.serial for row in reloads if row.site.key in lines]


def _is_expired(row: Statement, engine: int, since: float) -> bool:
    loader = row.loader
    return loader is not None and loader.kind == "expired" and row.start >= since and row.engine.serial == engine
