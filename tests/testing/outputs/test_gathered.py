"""Findings of many tests, gathered by cause."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.testing.outputs.gathered import gathered, tried_text
from tests.runs import entry, told

WORKS = {"before": 4, "after": 2, "outcome": "works"}
FAILS = {"before": 4, "after": 4, "outcome": "fails", "why": "no statement was saved"}
UNKNOWN = {"before": 4, "after": None, "outcome": "unknown", "why": "it was not sent"}


@pytest.mark.parametrize(
    ("routes", "where"),
    [
        (["GET /a"], "on GET /a"),
        (["GET /a", "GET /a"], "on GET /a"),
        (["GET /a", "GET /b"], "on GET /a and 1 other route"),
        (["GET /b", "GET /a", "GET /c"], "on GET /b and 2 other routes"),
        (["outside requests"], "outside requests"),
        (["outside requests", "GET /a"], "outside requests and 1 other route"),
        (["the nightly import"], "on the nightly import"),
        (["reports"], "on reports"),
    ],
)
def test_a_cause_is_on_its_first_route_and_others(routes: list[str], where: str) -> None:
    (cause,) = gathered([entry("a", *(told(route=route) for route in routes))])
    assert cause.where == where


@pytest.mark.parametrize(
    "others", [{"kind": "slow_statement"}, {"place": "crud.py:9"}, {"relationship": None}, {"known": True}]
)
def test_another_kind_place_relationship_or_knowledge_is_another_cause(others: dict[str, Any]) -> None:
    assert len(gathered([entry("a", told(), told(**others), told(route="GET /b", saves=1))])) == 2


def test_times_tests_and_savings_are_summed_up() -> None:
    (cause,) = gathered([entry("a", told(times=2, saves=3)), entry("b", told(times=1, saves=4)), entry("b", told())])
    assert (cause.times, cause.saves, cause.tests) == (4, 2 * 3 + 4 + 9, ["a", "b"])


def test_what_saves_nothing_that_is_known_counts_as_none() -> None:
    finding = told()
    del finding["saves"]
    (cause,) = gathered([entry("a", finding)])
    assert (cause.times, cause.saves) == (1, 0)


def test_most_savings_come_first_then_the_most_frequent_then_names() -> None:
    findings = [
        told(kind="b", saves=0, times=2),
        told(kind="a", saves=0, times=2, place="y.py:1"),
        told(kind="a", saves=0, times=2, place="x.py:1"),
        told(kind="c", saves=0, times=3),
        told(kind="d", saves=1, times=1),
    ]
    assert [(cause.finding["kind"], cause.finding["place"]) for cause in gathered([entry("a", *findings)])] == [
        ("d", "app/crud.py:31"),
        ("c", "app/crud.py:31"),
        ("a", "x.py:1"),
        ("a", "y.py:1"),
        ("b", "app/crud.py:31"),
    ]


@pytest.mark.parametrize(
    ("outcomes", "shown"),
    [
        ([None, WORKS], WORKS),
        ([WORKS, None], WORKS),
        ([UNKNOWN, WORKS], WORKS),
        ([WORKS, UNKNOWN], WORKS),
        ([WORKS, FAILS], FAILS),
        ([FAILS, WORKS], FAILS),
        ([None, UNKNOWN], UNKNOWN),
    ],
)
def test_a_fix_that_has_failed_once_is_none_and_one_that_was_tried_says_most(outcomes: list[Any], shown: Any) -> None:
    (cause,) = gathered([entry("a", *(told(tried=outcome) for outcome in outcomes))])
    assert cause.finding["tried"] == shown


def test_of_findings_that_say_as_much_the_first_is_shown() -> None:
    (cause,) = gathered([entry("a", told(summary="3 times", tried=WORKS), told(summary="4 times", tried=WORKS))])
    assert cause.finding["summary"] == "3 times"


@pytest.mark.parametrize(
    ("tried", "text"),
    [
        (None, ""),
        (WORKS, "tried: 4 -> 2 statements"),
        (FAILS, "tried: 4 -> 4 statements, fails: no statement was saved"),
        (UNKNOWN, "tried: unknown, it was not sent"),
    ],
)
def test_what_became_of_a_fix_is_a_text(tried: Any, text: str) -> None:
    assert tried_text(told(tried=tried)) == text
    assert tried_text(told()) == ""
