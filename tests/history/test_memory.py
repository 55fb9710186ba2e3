"""The reports that are kept: how many, how heavy, and which go first."""

from __future__ import annotations

from typing import Any

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


@pytest.mark.parametrize(("weight", "reports"), [(16_000_000, 2), (16_000_001, 1)])
def test_they_weigh_thirty_two_megabytes_at_most(weight: int, reports: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.history.memory.weight_of", lambda _: weight)
    history = MemoryHistory()
    for identity in ("first", "second"):
        history.add(report(identity))
    assert len(kept(history)) == reports


def test_a_report_that_is_too_heavy_by_itself_is_not_kept() -> None:
    heavy = report("heavy", 10)
    history = MemoryHistory(megabytes=weight_of(heavy) / 1_000_000)
    history.add(heavy)
    assert kept(history) == ["heavy"]
    history.add(report("heavier", 11))
    assert kept(history) == []


def test_values_that_are_shown_weigh_what_they_take_and_a_twentieth_more() -> None:
    long, short = (weight_of(report("any", 1, parameters=("x" * length,))) for length in (2_000, 1_000))
    assert long - short == pytest.approx(1_050, abs=1)


def test_what_two_rows_share_weighs_once() -> None:
    text = "x" * 10_000
    one, two = (weight_of(report("any", rows, parameters=(text,))) for rows in (1, 2))
    assert two - one < 10_000 < one


@pytest.mark.parametrize("fields", [{"checkouts": (checkout(),)}, {"transactions": (transaction(),)}])
def test_checkouts_and_transactions_weigh_too(fields: dict[str, Any]) -> None:
    assert weight_of(Report("any", 0.0, facts_of(**fields))) > weight_of(report("any"))


def test_a_report_that_is_added_again_takes_the_place_of_the_first() -> None:
    history = MemoryHistory(megabytes=(weight_of(report("same", 1)) + weight_of(report("other", 1))) / 1_000_000)
    for _ in range(3):
        history.add(report("same", 1))
    history.add(report("other", 1))
    assert kept(history) == ["other", "same"]


def test_a_report_that_replaces_one_takes_its_place_and_its_weight() -> None:
    history = MemoryHistory()
    for identity in ("first", "second"):
        history.add(report(identity, 3))
    longer = report("first", 9)
    history.add(longer)
    assert kept(history) == ["second", "first"]
    assert history.get("first") is longer
    assert history.bytes == weight_of(longer) + weight_of(report("second", 3))


def test_what_was_cleared_is_gone_and_weighs_nothing() -> None:
    history = MemoryHistory()
    history.add(report("first", 3))
    history.clear()
    assert (kept(history), history.get("first"), history.bytes) == ([], None, 0)
    history.add(report("second", 3))
    assert history.bytes == weight_of(report("second", 3))
