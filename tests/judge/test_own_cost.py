"""Sums over the requests of one middleware, read at any time and in bounded memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from query_guard.judge.own_cost import OwnCost
from tests.reports import facts_of, report_with


@pytest.mark.parametrize("requests", [0, 1, 999, 1_000, 1_001, 2_500])
def test_any_number_of_requests_is_summed_up(requests: int) -> None:
    cost = OwnCost()
    for number in range(requests):
        cost.note_judged(2.0 if number == 0 else 0.5, None)
    seconds = 1.5 + requests / 2 if requests else 0.0
    for _ in range(2):
        assert (cost.judged, cost.judging, cost.longest) == (requests, seconds, 2.0 if requests else 0.0)
    assert cost.reports == 0


def test_the_longest_is_kept_until_a_longer_one_comes() -> None:
    cost, longest = OwnCost(), []
    for seconds in (0.5, 0.25, 2.0, 1.0):
        cost.note_judged(seconds, None)
        longest.append(cost.longest)
    assert longest == [0.5, 0.5, 2.0, 2.0]


def test_what_was_left_out_is_summed_over_reports() -> None:
    cost = OwnCost()
    report = report_with(facts=facts_of(dropped=3, dropped_checkouts=2, dropped_transactions=1))
    for each in (report, report, replace(report, sampled=False)):
        cost.note_judged(0.0, each)
    assert (cost.reports, cost.sampled) == (3, 2)
    assert (cost.dropped_statements, cost.dropped_checkouts, cost.dropped_transactions) == (6, 6, 3)


def test_the_time_of_reporters_is_added_up() -> None:
    cost = OwnCost()
    assert cost.reporting == 0.0
    for seconds in (0.5, 0.25):
        cost.note_reported(seconds)
    assert cost.reporting == 0.75
