"""What the application's own middleware reports while the tests run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from query_guard.records import Finding, Report


class MiddlewareReports:
    """A listener that keeps warnings and errors, each with its route, and the reports of routes over budget.

    `refusals` are the messages of QueryGuards that were refused for a wrong option.
    """

    def __init__(self) -> None:
        self.findings: list[tuple[str, Finding]] = []
        self.over_budget: list[Report] = []
        self.refusals: set[str] = set()

    @property
    def fails(self) -> bool:
        """Whether the reports fail a test, in every mode but off."""
        return bool(self.over_budget or self.refusals)

    def begin(self) -> None:
        """Forget what failed the test before."""
        self.over_budget.clear()
        self.refusals.clear()

    def __call__(self, report: Report) -> None:
        if report.loud_findings:
            self.findings += [(report.request.name, finding) for finding in report.loud_findings]
        budget = report.request.budget
        if budget is not None and report.query_count > budget and not _is_allowed(report):
            self.over_budget.append(report)


def _is_allowed(report: Report) -> bool:
    from query_guard.detectors.statement_budget import KIND

    return any(silence.kind == KIND for silence in report.silences)
