"""One request, several commits: what was committed first stays when the rest fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Transaction, Triggers, grouped

KIND = "split_transaction"

_APART = frozenset(("background", "task"))
"""Phases whose work is nobody's other half."""


@dataclass(eq=False)
class SplitTransaction(Thresholds):
    """Find requests that commit writes in `commits` transactions or more on one engine.

    Commits that a loop repeats at one line are another matter, and so is what runs in the background.
    """

    commits: int = 2
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"written_transactions": 2}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        if facts.request.kind == "block":
            return
        committed = (one for one in facts.committed_writes if one.phase not in _APART)
        for transactions in grouped(committed, lambda one: (one.engine.serial, one.segment)).values():
            sites = {one.site.key for one in transactions}
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
        callers=tuple(one.site for one in transactions),
        count=len(transactions),
        phase=second.phase,
        statements=facts.writes_of(transactions),
        request=second.request,
    )
