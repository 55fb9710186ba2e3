"""The figures of checkouts, pools and transactions, with moments that have to be exact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.capture.window.recorder import Recorder
from query_guard.records import NOWHERE, Figures, Numbers, Request
from tests.clock import Clock
from tests.reports import ENGINE

GET = Request("http", "GET", "/")

SQLITE = ENGINE._replace(is_server=False)


def figures_of(recorder: Recorder, pools: dict[int, int] | None = None, request: Request = GET) -> Figures:
    figures = WindowFigures(recorder, pools).read(request)
    assert figures is not None
    return figures


@pytest.fixture
def watch(clock: Clock) -> Iterator[PoolWatch]:
    """Give the watch of a pool that says it is a server's."""
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=3)
    watch = PoolWatch(engine.pool)
    watch.engine = ENGINE
    yield watch
    engine.dispose()


def checkout_of(watch: PoolWatch, clock: Clock, **fields: Any) -> OpenCheckout:
    checkout = OpenCheckout(watch, clock.now, NOWHERE, None, None)
    for name, value in fields.items():
        setattr(checkout, name, value)
    return checkout


def test_the_figures_of_checkouts(clock: Clock, watch: PoolWatch) -> None:
    began = clock.now
    recorder = Recorder()
    for number, (outcome, wait) in enumerate([("returned", 0.25), ("leaked", 0.5), ("timeout", 0.125), ("open", 0.0)]):
        recorder.checkouts.append(checkout_of(watch, clock, outcome=outcome, wait=wait, started=began + number))
        recorder.checkouts[-1].ended = began + number + 0.5
    figures = figures_of(recorder, {watch.serial: watch.growth})
    assert (figures.longest_wait, figures.lost_checkouts, figures.nested_checkouts) == (0.5, 2, 0)


@pytest.mark.parametrize(
    ("times", "nested"),
    [
        ([(0, 1), (1, 2)], 0),
        ([(0, 2), (1, 3)], 1),
        ([(0, 3), (1, 2), (2, 4)], 2),
        ([(0, None), (5, 6)], 1),
        ([(0, 1), (2, None), (3, 4)], 1),
    ],
)
def test_checkouts_are_nested_in_any_that_began_before(
    clock: Clock, watch: PoolWatch, times: list[tuple[int, int | None]], nested: int
) -> None:
    recorder = Recorder()
    for start, end in times:
        ended = None if end is None else clock.now + end
        recorder.checkouts.append(checkout_of(watch, clock, started=clock.now + start, ended=ended))
    assert figures_of(recorder).nested_checkouts == nested


def test_pools_of_servers_are_judged_again_once_they_have_changed(clock: Clock, watch: PoolWatch) -> None:
    recorder, pools = Recorder(), dict[int, int]()
    recorder.checkouts += [checkout_of(watch, clock), checkout_of(watch, clock)]
    assert figures_of(recorder, pools).changed_pools == 2
    WindowFigures(recorder, pools).note_pools()
    assert pools == {watch.serial: watch.growth}
    assert figures_of(recorder, pools).changed_pools == 0
    watch.connected(0.25)
    assert figures_of(recorder, pools).changed_pools == 2
    watch.engine = SQLITE
    assert figures_of(recorder, pools).changed_pools == 0


@pytest.mark.parametrize(("known", "forgotten"), [(999, False), (1_000, True)])
def test_a_thousand_pools_are_remembered(clock: Clock, watch: PoolWatch, known: int, forgotten: bool) -> None:
    pools = dict.fromkeys(range(-known, 0), 1)
    recorder = Recorder()
    recorder.checkouts.append(checkout_of(watch, clock))
    WindowFigures(recorder, pools).note_pools()
    assert len(pools) == 1 + (0 if forgotten else known)


def test_the_figures_of_transactions(clock: Clock) -> None:
    recorder = Recorder()
    for wrote, seconds in ((True, 0.25), (False, 0.5), (True, 0.125), (True, None)):
        transaction = OpenTransaction(1, 1, ENGINE, 1, autocommit=False)
        transaction.wrote = wrote
        transaction.ended = None if seconds is None else clock.now + seconds
        recorder.transactions.append(transaction)
    clock.move(8)
    figures = figures_of(recorder)
    assert (figures.written_transactions, figures.longest_transaction) == (3, 0.5)


def test_the_numbers_of_checkouts_are_sums_for_one_pool(clock: Clock, watch: PoolWatch) -> None:
    began = clock.now
    recorder = Recorder()
    for ended in (began + 4, None):
        recorder.checkouts.append(checkout_of(watch, clock, wait=0.5, connect=0.25, ended=ended))
    recorder.dropped_checkouts = 3
    clock.move(8)
    assert WindowFigures(recorder).numbers() == Numbers(0, 0.0, 5, 1.0, 3.25 + 7.25, 0, 3, 0)


def test_a_connection_that_came_back_as_it_was_given_was_held_for_no_time(clock: Clock, watch: PoolWatch) -> None:
    recorder = Recorder()
    recorder.checkouts.append(checkout_of(watch, clock, wait=0.5, ended=clock.now))
    assert WindowFigures(recorder).numbers().held == 0.0
