"""Values are told apart by hashes that say nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import create_engine

from query_guard import record
from query_guard.capture.origin.values import value_hashes

engine = create_engine("sqlite://")


@pytest.mark.parametrize("others", [(), ("a",), ("a",) * 40])
@pytest.mark.parametrize("number", [int, float, Decimal])
def test_minus_one_is_not_minus_two(number: Callable[[int], Any], others: tuple[str, ...]) -> None:
    """Python has one hash for both."""
    one, two = number(-1), number(-2)
    assert hash(one) == hash(two)
    assert value_hashes((one, *others)) == value_hashes([one, *others]) != value_hashes((two, *others))
    assert value_hashes((number(3), *others)) == value_hashes({"a": number(3), **dict(enumerate(others))})


def test_statements_for_minus_one_and_minus_two_are_no_duplicates() -> None:
    with record("block") as recording, engine.connect() as connection:
        for number in (-1, -2):
            connection.exec_driver_sql("SELECT ?", (number,))
    assert recording.report.findings == ()


def test_each_position_has_a_value_whatever_their_number() -> None:
    with record("block") as recording, engine.connect() as connection:
        connection.exec_driver_sql("SELECT 0")
        connection.exec_driver_sql("SELECT ?", (7,))
        connection.exec_driver_sql("SELECT ?, ?", (7, 8))
    rows = recording.report.facts.statements
    assert [len(row.values) for row in rows] == [row.binds for row in rows] == [0, 1, 2]
    assert rows[1].values == rows[2].values[:1]
