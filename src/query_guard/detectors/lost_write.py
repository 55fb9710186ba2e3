"""Writes that were never committed, in a request with a successful answer."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Statement, Transaction, Triggers

KIND = "lost_write"


class LostWrite:
    """Find transactions that wrote and were rolled back only because their session was closed.

    Not if the application rolled back itself or answered with an error, or if a statement failed. Transactions that
    began outside the request, such as the outer one of a test, do not count.
    """

    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"written_transactions": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        request, status = facts.request, facts.request.status
        unanswered = status is None and request.kind == "http"
        if request.kind == "block" or unanswered or (status or 0) >= 400 or request.has_failed:
            return
        for transaction in facts.transactions:
            if _is_lost(transaction):
                yield _finding(transaction, facts.by_transaction[transaction.serial], status)


def _is_lost(transaction: Transaction) -> bool:
    return (
        transaction.outcome == "rolled back"
        and transaction.ended_by == "close"
        and transaction.writes > 0
        and not transaction.autocommit
        and not transaction.has_failed
    )


def _finding(transaction: Transaction, rows: list[Statement], status: int | None) -> Finding:
    writes = [row for row in rows if row.writes and row.rows != 0]
    last = writes[-1]
    subject = "1 write was" if transaction.writes == 1 else f"{transaction.writes} writes were"
    answer = f", and the answer was {status}" if status is not None else ""
    commit = "await session.commit()" if transaction.engine.is_async else "session.commit()"
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{subject} rolled back, as the session was closed without commit{answer}: {last.sql}",
        fix=f"Commit before the session closes: {commit}; or roll back, if that was meant",
        remedy=commit,
        site=last.site,
        count=transaction.writes,
        phase=last.phase,
        statements=tuple(row.serial for row in writes),
        request=transaction.request,
    )
