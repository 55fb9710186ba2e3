"""Which numbers and times the assertions take, and what they say of a block that is over one."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard.testing import assert_max_queries, assert_no_findings, assert_num_queries, record_queries


@pytest.fixture(scope="module")
def engine() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool)


def send(engine: Engine, number: int) -> None:
    with engine.connect() as connection:
        for value in range(number):
            connection.execute(text("SELECT :value"), {"value": value})


@pytest.mark.parametrize("number", [-1, 1.0, "1", None, True, False, math.nan])
@pytest.mark.parametrize("assertion", [assert_max_queries, assert_num_queries])
def test_a_number_is_an_integer_of_at_least_zero(assertion: Any, number: Any) -> None:
    with pytest.raises(ValueError) as raised, assertion(number):  # noqa: PT011 - the whole message is below
        pytest.fail("the block began")
    assert str(raised.value) == (
        f"{assertion.__name__}: the number of queries must be an integer of at least 0, not {number!r}"
    )


@pytest.mark.parametrize("seconds", [-0.1, -1, "1", True, False, math.inf, math.nan])
def test_a_time_is_a_number_of_seconds_of_at_least_zero(seconds: Any) -> None:
    with pytest.raises(ValueError) as raised, assert_max_queries(0, max_time=seconds):  # noqa: PT011
        pytest.fail("the block began")
    assert str(raised.value) == (
        f"assert_max_queries: max_time: the time must be a number of seconds of at least 0, not {seconds!r}"
    )


@pytest.mark.parametrize("seconds", [None, 0, 0.0, 0.5, 60])
def test_no_time_is_too_short_for_a_block_that_sends_nothing(seconds: float | None) -> None:
    with assert_max_queries(0, max_time=seconds):
        pass


@pytest.mark.parametrize(("sent", "most", "fails"), [(0, 0, False), (1, 0, True), (2, 2, False), (3, 2, True)])
def test_at_most_is_no_more_than(sent: int, most: int, fails: bool, engine: Engine) -> None:
    if not fails:
        with assert_max_queries(most):
            send(engine, sent)
        return
    with (
        pytest.raises(AssertionError, match=f"^expected at most {most} queries, got {sent}:"),
        assert_max_queries(most),
    ):
        send(engine, sent)


@pytest.mark.parametrize(("sent", "fails"), [(1, True), (2, False), (3, True)])
def test_exactly_is_neither_more_nor_fewer(sent: int, fails: bool, engine: Engine) -> None:
    if not fails:
        with assert_num_queries(2):
            send(engine, sent)
        return
    with pytest.raises(AssertionError, match=f"^expected exactly 2 queries, got {sent}:"), assert_num_queries(2):
        send(engine, sent)


def test_a_block_over_both_limits_is_told_both(engine: Engine) -> None:
    with pytest.raises(AssertionError) as raised, assert_max_queries(1, max_time=0):
        send(engine, 2)
    first, second = str(raised.value).split("expected at most 0 ")
    assert first.startswith("expected at most 1 query, got 2:\n")
    assert re.match(r"ms in the database, got \S+ m?s:\n  \S+ m?s for 2 x SELECT \?\n", second)


def test_of_a_block_that_took_too_long_the_slowest_statements_come_first() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with pytest.raises(AssertionError) as raised, assert_max_queries(9, max_time=0), engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.create_function("pause", 0, lambda: time.sleep(0.03))
        for sql in ("SELECT 1 AS quick", "SELECT pause()", "SELECT 1 AS quick_too"):
            connection.execute(text(sql))
    engine.dispose()
    found = re.findall(r"(?m)^  (\S+) (m?s) for 1 x (.*)$", str(raised.value))
    assert {sql for _, _, sql in found} >= {"SELECT ? AS quick", "SELECT ? AS quick_too"}
    taken = [float(number) * (1 if unit == "s" else 0.001) for number, unit, _ in found]
    assert taken == sorted(taken, reverse=True)


def test_only_a_block_that_sent_nothing_is_told_so(engine: Engine) -> None:
    with pytest.raises(AssertionError, match="nothing was sent"), assert_num_queries(1):
        pass
    with pytest.raises(AssertionError) as raised, assert_num_queries(2):
        send(engine, 1)
    assert "nothing was sent" not in str(raised.value)
    assert "without details" not in str(raised.value)


def test_where_a_database_is_required_a_checkout_is_enough(engine: Engine) -> None:
    with record_queries(required=True), engine.connect():
        pass
    with record_queries():
        pass
    with pytest.raises(AssertionError) as raised, record_queries(required=True):
        pass
    assert str(raised.value) == (
        "expected to see what the block does with a database, got nothing at all: no statement was sent and no "
        "connection taken; use the engine in this process and inside the block, or leave required=True out"
    )


def test_kinds_are_checked_before_the_block() -> None:
    with pytest.raises(ValueError, match="^assert_no_findings: kinds: there is no kind 'n_plus_on'; did you mean"):
        with assert_no_findings(kinds=["n_plus_on"]):
            pytest.fail("the block began")


def test_no_kinds_are_no_reason_to_fail(engine: Engine) -> None:
    def loop() -> None:
        with engine.connect() as connection:
            for value in range(5):
                connection.execute(text("SELECT :value"), {"value": value})

    with assert_no_findings(kinds=()):
        loop()
    with pytest.raises(AssertionError, match="^expected no findings, got 1:\n  n_plus_one: "), assert_no_findings():
        loop()
