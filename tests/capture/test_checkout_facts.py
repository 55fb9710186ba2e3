"""The facts of checkouts: how long a connection was held, how long idle, and of which pool it is."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from query_guard.capture.freeze.connection_facts import freeze_checkouts
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.capture.window.recorder import Recorder
from query_guard.records import NOWHERE, Checkout, Request, Statement
from tests.capture.transactions import begun
from tests.clock import Clock
from tests.reports import statement

GET = Request("http", "GET", "/")


def taken(recorder: Recorder, engine: Engine, clock: Clock, **fields: Any) -> OpenCheckout:
    checkout = OpenCheckout(PoolWatch(engine.pool), clock.now, NOWHERE, None, None)
    for name, value in fields.items():
        setattr(checkout, name, value)
    recorder.checkouts.append(checkout)
    return checkout


def frozen_checkouts(recorder: Recorder, *rows: Statement) -> tuple[Checkout, ...]:
    return freeze_checkouts(recorder, rows, GET)[0]


@pytest.mark.parametrize(("seconds", "hold"), [(None, None), (3.0, 2.25), (0.5, 0.0)])
def test_a_connection_is_held_from_when_it_was_there(
    clock: Clock, recorder: Recorder, engine: Engine, seconds: float | None, hold: float | None
) -> None:
    checkout = taken(recorder, engine, clock, wait=0.5, connect=0.25)
    checkout.ended = clock.now + seconds if seconds is not None else None
    (frozen,) = frozen_checkouts(recorder)
    assert (frozen.start, frozen.wait, frozen.connect, frozen.hold) == (1.0, 0.5, 0.25, hold)


def test_a_checkout_is_idle_while_its_transactions_are_open_and_no_statement_runs(
    clock: Clock, recorder: Recorder, engine: Engine
) -> None:
    checkout, other = taken(recorder, engine, clock), taken(recorder, engine, clock)
    ended = begun(recorder, checkout.serial, ended=clock.now + 2)
    still_open = begun(recorder, checkout.serial)
    busy = begun(recorder, other.serial, ended=clock.now + 1)
    rows = [
        statement(transaction=ended.serial, duration=0.5),
        statement(transaction=ended.serial, duration=0.25),
        statement(transaction=still_open.serial, duration=0.125),
        statement(transaction=busy.serial, duration=1.5),
    ]
    clock.move(4)
    assert [one.idle_in_transaction for one in frozen_checkouts(recorder, *rows)] == [1.25 + 3.875, 0.0]
    recorder.transactions.clear()
    assert [one.idle_in_transaction for one in frozen_checkouts(recorder, *rows)] == [0.0, 0.0]


@pytest.mark.parametrize(("ended", "idle"), [(3.0, 0.75), (None, 1.75), (9.0, 2.0)])
def test_where_statements_are_only_counted_a_checkout_knows_how_long_it_was_busy(
    clock: Clock, recorder: Recorder, engine: Engine, ended: float | None, idle: float
) -> None:
    checkout = taken(recorder, engine, clock, wait=0.5, connect=0.25, busy=1.5)
    checkout.ended = clock.now + ended if ended is not None else None
    begun(recorder, checkout.serial, ended=clock.now + 2)
    recorder.count(0.0)
    clock.move(4)
    assert [one.idle_in_transaction for one in frozen_checkouts(recorder)] == [idle]


def test_each_pool_is_told_of_once_while_it_exists(clock: Clock, recorder: Recorder, engine: Engine) -> None:
    first = taken(recorder, engine, clock)
    recorder.checkouts.append(first)
    gone = create_engine("sqlite://", poolclass=QueuePool)
    taken(recorder, gone, clock)
    gone.dispose()
    del gone
    gc.collect()
    assert [pool.serial for pool in freeze_checkouts(recorder, (), GET)[1]] == [first.pool.serial]
