"""More statements than the route may send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import NOWHERE, Facts, Finding, Request, Triggers

KIND = "statement_budget"


@dataclass(eq=False)
class StatementBudget(Thresholds):
    """Find requests over their declared budget; without a budget, more than `unbudgeted` statements are an info."""

    unbudgeted: int = 50

    def _limit(self, request: Request) -> int:
        return self.unbudgeted if request.budget is None else request.budget

    @property
    def triggers(self) -> Triggers:
        return {"beyond_budget": 1, "statements": self.unbudgeted + 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        budget = facts.request.budget
        limit = self._limit(facts.request)
        if facts.query_count <= limit:
            return
        busiest = max(facts.by_shape_and_site.values(), key=len, default=[])
        site, count = busiest[0].site if busiest else NOWHERE, len(busiest)
        allowed = f"its budget is {budget}" if budget is not None else f"more than {limit} without a declared budget"
        noun = "statement" if facts.query_count == 1 else "statements"
        start = f"Start with the line that sent {count} of them, or" if count > 1 else "Send fewer, or"
        declare = "raise the budget" if budget is not None else "declare one: @query_budget(max_queries=...)"
        yield Finding(
            kind=KIND,
            severity="info" if budget is None else "warning",
            summary=f"{facts.request.name} sent {facts.query_count} {noun}; {allowed}",
            fix=f"{start} {declare}",
            site=site,
            count=facts.query_count,
            request=facts.statements[0].request if facts.statements else 0,
        )
