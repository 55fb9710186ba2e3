"""The reports that are kept: how many, how heavy, and which go first."""

from __future__ import annotations

import pytest

from query_guard.history.memory import MemoryHistory
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


@pytest.mark.parametrize(("rows", "reports"), [(74_995, 1), (39_995, 2)])
def test_they_weigh_thirty_two_megabytes_at_most(rows: int, reports: int) -> None:
    history = MemoryHistory()
    whole = report("any", 1)
    (row,) = whole.facts.statements
    for identity in ("first", "second"):
        history.add(Report(identity, 0.0, facts_of(*[row] * rows)))
    assert len(kept(history)) == reports


def test_each_row_weighs_and_so_do_the_values_that_are_shown() -> None:
    plain = report("plain", 10)
    history = MemoryHistory(megabytes=0.006)
    history.add(plain)
    assert kept(history) == ["plain"]
    history.add(report("one more", 11))
    assert kept(history) == []
    history.add(report("shown", 9, parameters=("x" * 23,)))
    assert kept(history) == []
    history.add(report("less is shown", 9, parameters=("x" * 22,)))
    assert kept(history) == ["less is shown"]


def test_checkouts_and_transactions_weigh_as_statements_do() -> None:
    history = MemoryHistory(megabytes=0.0032)
    heavy = facts_of(statement(), checkouts=(checkout(),), transactions=(transaction(),))
    history.add(Report("three", 0.0, heavy))
    assert kept(history) == ["three"]
    history.add(Report("four", 0.0, facts_of(statement(), statement(2), checkouts=(checkout(),) * 2)))
    assert kept(history) == []


def test_a_report_that_is_added_again_takes_the_place_of_the_first() -> None:
    history = MemoryHistory(megabytes=0.0048)
    for _ in range(3):
        history.add(report("same", 1))
    history.add(report("other", 1))
    assert kept(history) == ["other", "same"]
