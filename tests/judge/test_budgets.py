"""What may be declared as a budget, and how it is read again."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from query_guard import query_budget
from query_guard.judge import budgets
from query_guard.judge.budgets import declared_budget, least_declared


@pytest.fixture(autouse=True)
def none_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "_least", [inf])


@pytest.mark.parametrize("number", [0, 1, 5])
def test_a_budget_is_read_from_the_endpoint_that_declares_it(number: int) -> None:
    def endpoint() -> None: ...

    declared = query_budget(max_queries=number)(endpoint)
    assert declared is endpoint
    assert declared_budget(endpoint) == number
    assert least_declared() == number


def test_the_least_of_all_budgets_counts_whenever_it_was_declared() -> None:
    assert least_declared() == inf
    for number in (5, 3, 9):
        query_budget(max_queries=number)
    assert least_declared() == 3


@pytest.mark.parametrize("wrong", [-1, True, False, 2.0, "3", None])
def test_a_budget_is_a_whole_number_from_nothing_on(wrong: Any) -> None:
    with pytest.raises(ValueError, match=f"max_queries must be an integer of at least 0, not {wrong!r}"):
        query_budget(max_queries=wrong)
    assert least_declared() == inf


def test_a_number_without_its_name_is_refused() -> None:
    with pytest.raises(TypeError, match=r"write @query_budget\(max_queries=5\), with the number by name, not \(5,\)"):
        query_budget(5)


def test_what_declares_nothing_has_no_budget() -> None:
    def endpoint() -> None: ...

    assert declared_budget(endpoint) is None
    setattr(endpoint, "__query_guard_max_queries__", "many")  # noqa: B010  # as by an object that answers to any name
    assert declared_budget(endpoint) is None
    assert declared_budget(None) is None
