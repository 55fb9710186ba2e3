"""What of the reports of an application's middleware is kept for the tests."""

from __future__ import annotations

import pytest

from query_guard import Finding
from query_guard.pytest_plugin.middleware_reports import MiddlewareReports
from query_guard.records import NOWHERE, Report, Silence
from tests.reports import REQUEST, facts_of, statement

LOUD = (Finding("n_plus_one", "warning", "", ""), Finding("failed_statement", "error", "", ""))
QUIET = Finding("slow_statement", "info", "", "")


def report(budget: int | None, queries: int, *findings: Finding, allowed: str = "") -> Report:
    facts = facts_of(*(statement(n) for n in range(queries)), request=REQUEST._replace(budget=budget))
    silences = (Silence(allowed, "allowed", NOWHERE, queries, ()),) if allowed else ()
    return Report("a", 0.0, facts, findings, silences)


@pytest.mark.parametrize(
    ("budget", "queries", "allowed", "is_over"),
    [
        (None, 9, "", False),
        (2, 1, "", False),
        (2, 2, "", False),
        (2, 3, "", True),
        (0, 1, "", True),
        (0, 0, "", False),
        (2, 3, "n_plus_one", True),
        (2, 3, "statement_budget", False),
    ],
)
def test_a_route_is_over_its_budget_where_it_sends_more_and_that_is_not_allowed(
    budget: int | None, queries: int, allowed: str, is_over: bool
) -> None:
    reports = MiddlewareReports()
    given = report(budget, queries, allowed=allowed)
    reports(given)
    assert reports.over_budget == ([given] if is_over else [])
    assert reports.fails is is_over


def test_warnings_and_errors_are_kept_with_their_routes() -> None:
    reports = MiddlewareReports()
    reports(report(None, 1, LOUD[0], QUIET, LOUD[1]))
    reports(report(None, 1, QUIET))
    assert reports.findings == [("GET /users", LOUD[0]), ("GET /users", LOUD[1])]
    assert not reports.fails


def test_a_middleware_that_was_refused_fails_a_test_and_the_next_one_begins_anew() -> None:
    reports = MiddlewareReports()
    reports(report(0, 1, *LOUD))
    reports.refusals.add("a wrong option")
    reports.over_budget.clear()
    assert reports.fails
    reports(report(0, 1))
    reports.begin()
    assert (reports.fails, len(reports.findings)) == (False, 2)
