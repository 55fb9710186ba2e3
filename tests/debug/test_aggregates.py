"""Sums over the reports that are kept."""

from __future__ import annotations

from query_guard import Finding, Report
from query_guard.debug.aggregates import by_route, p95
from tests.reports import checkout, facts_of, statement

LOOP = Finding("n_plus_one", "warning", "It ran 3 times", "Mend it")


def report(name: str, started: int, queries: int, *findings: Finding, wait: float = 0.0) -> Report:
    rows = [statement(number) for number in range(1, queries + 1)]
    facts = facts_of(*rows, query_count=queries, query_time=queries / 1000, checkouts=(checkout(wait=wait),))
    return Report(name, float(started), facts, findings)


def test_a_route_has_its_usual_and_its_worst_requests() -> None:
    reports = [report("c", 3, 5, wait=0.02), report("b", 2, 9, LOOP, LOOP), report("a", 1, 1, LOOP)]
    (row,) = by_route(reports)
    assert row["requests"] == 3
    assert (row["query_count_median"], row["query_count_p95"], row["query_count_max"]) == (5, 9, 9)
    assert (row["query_time_median_ms"], row["query_time_p95_ms"], row["query_time_ms"]) == (5.0, 9.0, 15.0)
    assert (row["wait_median_ms"], row["wait_p95_ms"], row["wait_ms"]) == (0.0, 20.0, 20.0)
    assert row["worst"] == "b"
    assert row["findings"] == {"n_plus_one": 3}
    assert row["seen"] == {
        "n_plus_one": {"first": "1970-01-01T00:00:01.000+00:00", "last": "1970-01-01T00:00:02.000+00:00"}
    }


def test_the_95th_percentile_is_a_value_that_was_seen() -> None:
    assert p95([7]) == 7
    assert p95([*range(1, 21)]) == 19
    assert p95([*range(1, 101)][::-1]) == 95
