"""Savepoints of one transaction: which of its statements were taken back."""

from __future__ import annotations

import pytest

from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.open_transaction import OpenTransaction
from tests.clock import Clock
from tests.reports import ENGINE


@pytest.fixture
def transaction(clock: Clock) -> OpenTransaction:
    return OpenTransaction(1, 1, ENGINE, 1, autocommit=False)


def undone(transaction: OpenTransaction) -> list[tuple[int, int]]:
    return transaction.savepoints.undone if transaction.savepoints is not None else []


def nested(transaction: OpenTransaction, *names: str) -> None:
    """Open savepoints inside each other, with one statement after each."""
    for number, name in enumerate(names):
        transaction.statements = number
        transaction.save(name)
    transaction.statements = len(names)


def test_it_begins_open_and_now(clock: Clock, transaction: OpenTransaction) -> None:
    assert (transaction.started, transaction.ended, transaction.outcome) == (clock.now, None, "open")
    clock.move(0.5)
    transaction.cut_off(clock.now)
    assert (transaction.ended, transaction.outcome, transaction.ended_by) == (clock.now, "rolled back", "close")


def test_the_last_texts_that_may_have_written_are_kept_once_each(transaction: OpenTransaction) -> None:
    texts = [UnreadInfo(f"DELETE FROM t{number}", ENGINE) for number in range(20)]
    assert (transaction.wrote, transaction.texts) == (False, ())
    for text in [*texts[:2], *texts[:2]]:
        transaction.writes(text)
    assert (transaction.wrote, transaction.texts) == (True, tuple(texts[:2]))
    for text in texts[2:]:
        transaction.writes(text)
    assert transaction.texts == tuple(texts[-16:])


def test_what_came_after_a_savepoint_is_taken_back_and_again(transaction: OpenTransaction) -> None:
    transaction.statements = 2
    transaction.save("a")
    transaction.statements = 5
    transaction.roll_back_to("a")
    assert undone(transaction) == [(2, 5)]
    transaction.statements = 6
    transaction.roll_back_to("a")
    assert undone(transaction) == [(2, 6)]


def test_what_is_taken_back_apart_stays_apart(transaction: OpenTransaction) -> None:
    transaction.save("a")
    transaction.statements = 1
    transaction.roll_back_to("a")
    transaction.release("a")
    transaction.statements = 2
    transaction.save("b")
    transaction.statements = 3
    transaction.roll_back_to("b")
    assert undone(transaction) == [(0, 1), (2, 3)]


def test_nothing_is_taken_back_where_nothing_came_after(transaction: OpenTransaction) -> None:
    transaction.roll_back_to("before any")
    transaction.save("a")
    transaction.roll_back_to("a")
    transaction.roll_back_to("unknown")
    assert undone(transaction) == []


def test_a_release_forgets_the_savepoint_and_those_inside(transaction: OpenTransaction) -> None:
    nested(transaction, "a", "b", "c")
    transaction.release("b")
    for forgotten in ("b", "c", "unknown"):
        transaction.release(forgotten)
        transaction.roll_back_to(forgotten)
    assert undone(transaction) == []
    transaction.roll_back_to("a")
    assert undone(transaction) == [(0, 3)]


def test_rolling_back_forgets_those_inside_and_keeps_the_savepoint_itself(transaction: OpenTransaction) -> None:
    nested(transaction, "a", "b", "c")
    transaction.roll_back_to("b")
    transaction.statements = 4
    transaction.roll_back_to("c")
    assert undone(transaction) == [(1, 3)]
    transaction.roll_back_to("b")
    assert undone(transaction) == [(1, 4)]


def test_of_two_with_one_name_the_later_hides_the_earlier(transaction: OpenTransaction) -> None:
    transaction.save("a")
    transaction.statements = 3
    transaction.save("a")
    transaction.statements = 4
    transaction.roll_back_to("a")
    assert undone(transaction) == [(3, 4)]
    transaction.release("a")
    transaction.roll_back_to("a")
    assert undone(transaction) == [(0, 4)]
