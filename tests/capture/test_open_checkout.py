"""A connection outside its pool: what it begins with, how it ends, and what its pool remembers."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.records import NOWHERE, OUTSIDE_REQUESTS
from tests.clock import Clock
from tests.reports import ENGINE


def window_of(name: str = "GET /", *, sealed: bool = False, stage: int | None = 1) -> Any:
    stages = SimpleNamespace(stage=stage) if stage is not None else None
    return SimpleNamespace(request=5, name=name, stages=stages, is_sealed=sealed)


def taken(watch: PoolWatch, clock: Clock, window: Any = None) -> OpenCheckout:
    checkout = OpenCheckout(watch, clock.now, NOWHERE, window, None)
    watch.holders[checkout.serial] = checkout
    return checkout


def with_transactions(checkout: OpenCheckout) -> list[OpenTransaction]:
    """Open a transaction on a connection, and one inside it."""
    outer, inner = (OpenTransaction(checkout.serial, 1, ENGINE, 1, autocommit=False) for _ in range(2))
    inner.outer = outer
    checkout.transaction = inner
    return [outer, inner]


@pytest.mark.parametrize(
    ("window", "name", "request_", "stage"),
    [
        (None, OUTSIDE_REQUESTS, 0, 0),
        (window_of(), "GET /", 5, 1),
        (window_of(""), OUTSIDE_REQUESTS, 5, 1),
        (window_of(stage=None), "GET /", 5, 0),
    ],
)
def test_it_belongs_to_its_window(
    clock: Clock, watch: PoolWatch, window: Any, name: str, request_: int, stage: int
) -> None:
    checkout = taken(watch, clock, window)
    assert (checkout.name, checkout.request, checkout.stage) == (name, request_, stage)


def test_it_has_its_connection_after_the_wait_and_the_connect(clock: Clock, watch: PoolWatch) -> None:
    checkout = taken(watch, clock)
    checkout.wait, checkout.connect = 0.5, 0.25
    assert checkout.acquired == clock.now + 0.75


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("open", "returned"),
        ("late", "returned"),
        ("leaked", "returned"),
        ("collected", "collected"),
        ("invalidated", "invalidated"),
        ("timeout", "timeout"),
    ],
)
def test_its_first_end_is_its_outcome(clock: Clock, watch: PoolWatch, before: Any, after: str) -> None:
    checkout = taken(watch, clock)
    checkout.outcome, checkout.running = before, True
    clock.move(2)
    checkout.end("returned")
    assert (checkout.outcome, checkout.ended, checkout.running) == (after, clock.now, False)
    assert watch.holders == {}


@pytest.mark.parametrize("cuts_off", [True, False])
def test_its_transactions_end_with_it_unless_others_share_the_connection(
    clock: Clock, watch: PoolWatch, cuts_off: bool
) -> None:
    checkout = taken(watch, clock)
    transactions = with_transactions(checkout)
    clock.move(1)
    checkout.end("returned", cuts_off)
    told = ("rolled back", "close", clock.now) if cuts_off else ("open", "", None)
    assert [(one.outcome, one.ended_by, one.ended) for one in transactions] == [told, told]
    assert checkout.transaction is (None if cuts_off else transactions[1])


def test_a_begin_that_is_sent_as_text_begins_a_transaction_where_none_is_open(clock: Clock, watch: PoolWatch) -> None:
    checkout = taken(watch, clock)

    def begins(sql: str) -> bool:
        checkout.control(sql)
        return checkout.sent_begin

    assert [begins(sql) for sql in ("SAVEPOINT a", "BEGIN IMMEDIATE")] == [False, True]
    with_transactions(checkout)
    assert not begins("BEGIN")


def test_a_commit_that_is_sent_as_text_commits_what_was_written(clock: Clock, watch: PoolWatch) -> None:
    checkout = taken(watch, clock)
    checkout.control("COMMIT")
    _, inner = with_transactions(checkout)
    checkout.control("ROLLBACK TO SAVEPOINT a")
    before = inner.autocommit
    checkout.control("COMMIT")
    assert (before, inner.autocommit) == (False, True)


class Dropped:
    pass


@pytest.mark.parametrize(
    ("window", "outcome", "unreported"),
    [
        (None, "open", False),
        (window_of(), "open", False),
        (window_of(sealed=True), "open", True),
        (window_of(sealed=True), "late", True),
        (window_of(sealed=True), "leaked", False),
        (window_of(), "leaked", False),
        (None, "leaked", False),
    ],
)
def test_a_connection_that_was_dropped_is_told_of_where_no_report_has_it(
    clock: Clock, watch: PoolWatch, window: Any, outcome: Any, unreported: bool
) -> None:
    checkout = taken(watch, clock, window)
    checkout.outcome = outcome
    fairy = Dropped()
    checkout.fairy = weakref.ref(fairy, checkout.collected)
    del fairy
    gc.collect()
    assert (checkout.outcome, watch.collected) == ("collected", 1)
    assert [*watch.unreported] == ([checkout] if unreported else [])


def test_a_connection_that_came_back_was_not_dropped(clock: Clock, watch: PoolWatch) -> None:
    checkout = taken(watch, clock, window_of(sealed=True))
    checkout.end("returned")
    checkout.collected(None)
    assert (checkout.outcome, watch.collected, len(watch.unreported)) == ("returned", 0, 0)
