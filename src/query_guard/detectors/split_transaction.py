"""A request with several commits: the earlier ones stay when a later one fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Transaction, Triggers, grouped

KIND = "split_transaction"

_BACKGROUND = frozenset(("background", "task"))
"""Phases whose work is independent of the answer."""


@dataclass(eq=False)
class SplitTransaction(Thresholds):
    """Find requests that commit writes in `commits` transactions or more on one engine.

    Commits that a loop repeats at one line are a `commit_per_row`. Work in the background does not count.
    """

    commits: int = 2
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"written_transactions": 2}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        if facts.request.kind == "block":
            return
        committed = (transaction for transaction in facts.committed_writes if transaction.phase not in _BACKGROUND)
        for transactions in grouped(
            committed, lambda transaction: (transaction.engine.serial, transaction.segment)
        ).values():
            sites = {transaction.site.key for transaction in transactions}
            if len(transactions) >= self.commits and (len(sites) > 1 or len(transactions) == self.commits):
                yield _finding(transactions, facts)


def _finding(transactions: list[Transaction], facts: Facts) -> Finding:
    second = transactions[1]
    commit = "await session.commit()" if second.engine.is_async else "session.commit()"
    return Finding(
        kind=KIND,
        severity="info",
        summary=f"The request committed its writes in {len(transactions)} transactions: "
        "when a later one fails, the earlier stay",
        fix=f"If they belong together, do them in one session and commit once, at the end: {commit}",
        site=second.site,
        callers=tuple(transaction.site for transaction in transactions),
        count=len(transactions),
        phase=second.phase,
        statements=facts.writes_of(transactions),
        request=second.request,
    )
