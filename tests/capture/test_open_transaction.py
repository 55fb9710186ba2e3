"""Savepoints of one transaction: which of its statements were taken back."""

from __future__ import annotations

import pytest

from query_guard.capture.open_transaction import OpenTransaction
from tests.clock import Clock
from tests.reports import ENGINE


@pytest.fixture
def transaction(clock: Clock) -> OpenTransaction:
    return OpenTransaction(1, 1, ENGINE, 1, autocommit=False)


def test_it_begins_open_and_now(clock: Clock, transaction: OpenTransaction) -> None:
    assert (transaction.started, transaction.ended, transaction.outcome) == (clock.now, None, "open")
    clock.move(0.5)
    transaction.cut_off(clock.now)
    assert (transaction.ended, transaction.outcome, transaction.ended_by) == (clock.now, "rolled back", "close")


def test_what_came_after_a_savepoint_is_taken_back(transaction: OpenTransaction) -> None:
    transaction.statements = 2
    transaction.save("a")
    transaction.statements = 5
    transaction.roll_back_to("a")
    assert transaction.undone == [(2, 5)]
    assert transaction.savepoints == [("a", 2)]
    transaction.statements = 6
    transaction.roll_back_to("a")
    assert transaction.undone == [(2, 5), (2, 6)]


def test_nothing_is_taken_back_where_nothing_came_after(transaction: OpenTransaction) -> None:
    transaction.save("a")
    transaction.roll_back_to("a")
    transaction.roll_back_to("unknown")
    assert (transaction.undone, transaction.savepoints) == (None, [("a", 0)])


def test_a_release_forgets_the_savepoint_and_those_inside(transaction: OpenTransaction) -> None:
    for number, name in enumerate(("a", "b", "c")):
        transaction.statements = number
        transaction.save(name)
    transaction.release("b")
    assert transaction.savepoints == [("a", 0)]
    transaction.release("unknown")
    assert transaction.savepoints == [("a", 0)]


def test_rolling_back_forgets_those_inside_and_keeps_the_savepoint_itself(transaction: OpenTransaction) -> None:
    for number, name in enumerate(("a", "b", "c")):
        transaction.statements = number
        transaction.save(name)
    transaction.roll_back_to("b")
    assert (transaction.savepoints, transaction.undone) == ([("a", 0), ("b", 1)], [(1, 2)])


def test_of_two_with_one_name_the_later_hides_the_earlier(transaction: OpenTransaction) -> None:
    transaction.save("a")
    transaction.statements = 3
    transaction.save("a")
    transaction.statements = 4
    transaction.roll_back_to("a")
    assert transaction.undone == [(3, 4)]
    transaction.release("a")
    assert transaction.savepoints == [("a", 0)]
