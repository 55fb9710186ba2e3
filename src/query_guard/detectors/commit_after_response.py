"""A commit that may still fail after the client has got a successful answer."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Transaction, Triggers, grouped

KIND = "commit_after_response"


class CommitAfterResponse:
    """Find transactions of the request's own work that were committed after its response had started.

    A dependency that commits after its `yield` does so. Work of a background task does not count.
    """

    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"written_transactions": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        if facts.request.kind != "http":
            return
        late_commits = (
            transaction
            for transaction in facts.committed_writes
            if transaction.after_response and _is_of_the_answer(transaction, facts)
        )
        for transactions in grouped(late_commits, lambda transaction: transaction.site.key).values():
            yield _finding(transactions, facts)


def _is_of_the_answer(transaction: Transaction, facts: Facts) -> bool:
    if transaction.phase == "teardown":
        return True
    rows = facts.by_transaction.get(transaction.serial, [])
    return any(row.writes and row.phase in ("dependency", "endpoint", "serialization") for row in rows)


def _finding(transactions: list[Transaction], facts: Facts) -> Finding:
    first = transactions[0]
    status = facts.request.status
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"Writes were committed after the response had started: the client reads {status} "
        "even if the commit fails",
        fix="Commit in the endpoint, before it returns, or let the dependency end before the response: "
        'Depends(..., scope="function")',
        remedy='scope="function"',
        site=first.site,
        count=len(transactions),
        phase=first.phase,
        statements=facts.writes_of(transactions),
        request=first.request,
    )
