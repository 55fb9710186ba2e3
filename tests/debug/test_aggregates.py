"""Sums over the reports that are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from query_guard import Finding, Report
from query_guard.debug.aggregates import by_route, by_statement, p95, sampled_of
from tests.reports import REQUEST, checkout, facts_of, statement

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


def of_route(route: str, *queries: int) -> list[Report]:
    reports = [report(f"{route} {number}", number, count) for number, count in enumerate(queries)]
    request = REQUEST._replace(route=route)
    return [replace(one, facts=replace(one.facts, request=request)) for one in reports]


def test_the_route_with_most_time_in_the_database_comes_first() -> None:
    reports = [*of_route("/few", 3), *of_route("/many", 2, 2), *of_route("/none", 0)]
    assert [(row["route"], row["requests"], row["query_time_ms"]) for row in by_route(reports)] == [
        ("/many", 2, 4.0),
        ("/few", 1, 3.0),
        ("/none", 1, 0.0),
    ]


def test_a_method_has_a_row_of_its_own() -> None:
    get, post = of_route("/users", 1, 2)
    post = replace(post, facts=replace(post.facts, request=post.request._replace(method="POST")))
    assert [(row["method"], row["query_count_max"]) for row in by_route([get, post])] == [("POST", 2), ("GET", 1)]


def test_of_requests_with_as_many_statements_the_slowest_is_the_worst() -> None:
    quick, slow, few = of_route("/users", 2, 2, 1)
    slow = replace(slow, facts=replace(slow.facts, query_time=9.0))
    (row,) = by_route([quick, slow, few])
    assert row["worst"] == slow.id


@pytest.mark.parametrize(
    ("sampled", "findings", "expected"),
    [
        ([True], (), {}),
        ([False], (), None),
        ([False, True], (), {}),
        ([False], (LOOP,), {"n_plus_one": 1}),
        ([True, False], (LOOP,), {"n_plus_one": 2}),
    ],
)
def test_that_nothing_was_found_is_known_only_of_requests_that_were_sampled(
    sampled: list[bool], findings: tuple[Finding, ...], expected: dict[str, int] | None
) -> None:
    reports = [replace(report(f"{number}", 1, 1, *findings), sampled=one) for number, one in enumerate(sampled)]
    (row,) = by_route(reports)
    assert (row["findings"], row["sampled"]) == (expected, sum(sampled))
    assert sampled_of(reports) == sum(sampled)


def test_connections_of_a_route_are_summed_up() -> None:
    facts = facts_of(checkouts=(checkout(hold=0.25), checkout(connection=2, hold=0.5, wait=0.01)))
    other = facts_of(checkouts=(checkout(hold=0.25),))
    (row,) = by_route([Report("a", 0.0, facts), Report("b", 0.0, other)])
    assert (row["peak_connections"], row["held_ms"], row["wait_ms"]) == (2, 1000.0, 10.0)


def test_a_statement_has_a_row_for_its_shape_and_the_one_that_took_most_time_comes_first() -> None:
    def sent(name: str, route: str, *durations: float) -> Report:
        rows = [
            statement(number, fingerprint=name, sql=f"{name} {number}", operation=name, duration=duration)
            for number, duration in enumerate(durations)
        ]
        return Report(route, 0.0, facts_of(*rows, request=REQUEST._replace(route=route)))

    reports = [sent("SELECT", "/b", 0.001, 0.002, 0.006), sent("INSERT", "/a", 0.1), sent("SELECT", "/a", 0.004)]
    reports.append(sent("SELECT", "/b", 0.002))
    assert by_statement(reports) == [
        {
            "fingerprint": "INSERT", "sql": "INSERT 0", "operation": "INSERT", "count": 1, "total_ms": 100.0,
            "median_ms": 100.0, "max_ms": 100.0, "routes": ["GET /a"],
        },
        {
            "fingerprint": "SELECT", "sql": "SELECT 0", "operation": "SELECT", "count": 5, "total_ms": 15.0,
            "median_ms": 2.0, "max_ms": 6.0, "routes": ["GET /a", "GET /b"],
        },
    ]  # fmt: skip
