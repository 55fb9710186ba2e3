"""The reports that are kept: how many, how heavy, and which go first."""

from __future__ import annotations

import pytest

from query_guard.history.memory import MemoryHistory
from query_guard.history.weight import weight_of
from query_guard.records import Report
from tests.reports import checkout, facts_of, statement, transaction


def report(identity: str, rows: int = 0, **fields: object) -> Report:
    return Report(identity, 0.0, facts_of(*[statement(n, **fields) for n in range(1, rows + 1)]))


def kept(history: MemoryHistory) -> list[str]:
    return [one.id for one in history.latest()]


def test_the_last_two_hundred_are_kept_newest_first() -> None:
    history = MemoryHistory()
    for number in range(201):
        history.add(report(str(number)))
    assert kept(history) == [str(number) for number in range(200, 0, -1)]
    assert history.get("0") is None
    found = history.get("1")
    assert found is not None
    assert found.id == "1"


@pytest.mark.parametrize(("weight", "reports"), [(16_000_000, 2), (16_000_001, 1), (32_000_001, 0)])
def test_they_weigh_thirty_two_megabytes_at_most(weight: int, reports: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.history.memory.weight_of", lambda _report: weight)
    history = MemoryHistory()
    for identity in ("first", "second"):
        history.add(report(identity))
    assert kept(history) == ["second", "first"][:reports]


def test_what_does_not_fit_any_more_goes_the_oldest_first() -> None:
    first, second = report("first", 3), report("second", 3)
    both = weight_of(first) + weight_of(second)
    for room, left in ((both, ["second", "first"]), (both - 1, ["second"])):
        history = MemoryHistory(megabytes=room / 1_000_000)
        history.add(first)
        history.add(second)
        assert kept(history) == left


def test_statements_checkouts_transactions_and_shown_values_weigh() -> None:
    plain = weight_of(report("plain", 2))
    assert weight_of(report("rows", 3)) > plain
    assert weight_of(report("shown", 2, parameters=("x" * 1_000,))) >= plain + 1_000
    connections = facts_of(statement(), statement(2), checkouts=(checkout(),), transactions=(transaction(),))
    assert weight_of(Report("connections", 0.0, connections)) > plain


def test_a_report_that_is_added_again_takes_the_place_of_the_first() -> None:
    same, other = report("same", 1), report("other", 1)
    history = MemoryHistory(megabytes=(weight_of(same) + weight_of(other)) / 1_000_000)
    for _ in range(3):
        history.add(same)
    history.add(other)
    assert kept(history) == ["other", "same"]
