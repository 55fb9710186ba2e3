"""What is said of the holder of a connection: what it does, for how long, and whether it looks like a leak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import QueuePool

from query_guard import record
from query_guard.capture.hooks.checkouts import CHECKOUT_KEY
from query_guard.capture.live import holders
from query_guard.capture.live.holders import due_suspicions, holder, holders_before, holders_of
from query_guard.capture.live.pools import watch_of
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.records import NOWHERE, OUTSIDE_REQUESTS, Holder
from tests.clock import Clock

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has a window more

Hold = Callable[[], Connection]


def checkout_of(connection: Connection) -> OpenCheckout:
    checkout: OpenCheckout = connection.connection.__dict__[CHECKOUT_KEY]
    return checkout


@pytest.fixture
def engine(clock: Clock) -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=QueuePool)
    yield engine
    engine.dispose()


@pytest.fixture
def hold(clock: Clock, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """Give what takes a connection, in a block, until the test ends."""
    monkeypatch.setattr(holders, "_next_check", 0.0)
    with record("job"), ExitStack() as connections:
        yield lambda: connections.enter_context(engine.connect())


def test_a_holder_has_had_its_connection_since_it_got_it(clock: Clock, hold: Hold) -> None:
    checkout = checkout_of(hold())
    checkout.wait, checkout.connect = 0.25, 0.5
    clock.move(2)
    described = holder(checkout, clock.now)
    assert (described.checkout, described.name, described.held) == (checkout.serial, "job", 1.25)
    assert described.site.innermost is not None


def test_a_holder_is_idle_since_its_last_statement(clock: Clock, hold: Hold) -> None:
    connection = hold()
    clock.move(1)
    assert holder(checkout_of(connection), clock.now)[4:] == (1.0, "idle", False)
    connection.execute(text("SELECT 1"))
    clock.move(0.5)
    assert holder(checkout_of(connection), clock.now)[4:] == (0.5, "idle in transaction", False)
    checkout_of(connection).running = True
    assert holder(checkout_of(connection), clock.now)[4:] == (0.0, "running a statement", False)


def test_a_statement_that_has_ended_meanwhile_leaves_no_time_to_be_idle(clock: Clock, hold: Hold) -> None:
    checkout = checkout_of(hold())
    assert holder(checkout, checkout.last - 0.5).idle == 0.0


@pytest.mark.parametrize(
    ("outcome", "doing"),
    [("returned", "then returned"), ("invalidated", "then returned"), ("collected", "then collected")],
)
def test_a_holder_that_has_ended_held_it_until_then(clock: Clock, hold: Hold, outcome: str, doing: str) -> None:
    connection = hold()
    checkout = checkout_of(connection)
    clock.move(3)
    checkout.end(outcome)  # type: ignore[arg-type]  # each of them is an outcome
    clock.move(20)
    assert holder(checkout, clock.now)[3:] == (3.0, 3.0, doing, False)


@pytest.mark.parametrize(
    ("seconds", "outcome", "suspected"),
    [(9.9, "open", False), (10.0, "open", True), (0.0, "leaked", True), (0.0, "late", False)],
)
def test_who_is_suspected(clock: Clock, hold: Hold, seconds: float, outcome: str, suspected: bool) -> None:
    checkout = checkout_of(hold())
    checkout.outcome = outcome  # type: ignore[assignment]  # each of them is an outcome
    clock.move(seconds)
    assert holder(checkout, clock.now).suspected is suspected


def test_the_longest_holder_comes_first(clock: Clock, engine: Engine, hold: Hold) -> None:
    first, second = hold(), hold()
    checkout_of(second).started -= 5
    clock.move(1)
    assert [(one.checkout, one.held) for one in holders_of(watch_of(engine.pool))] == [
        (checkout_of(second).serial, 6.0),
        (checkout_of(first).serial, 1.0),
    ]


@pytest.mark.parametrize(
    ("ended", "before"),
    [
        (0.99, []),
        (1.0, [Holder(7, OUTSIDE_REQUESTS, NOWHERE, 0.125, 0.25, "then returned", False)]),
        (2.0, [Holder(7, OUTSIDE_REQUESTS, NOWHERE, 1.125, 1.25, "then returned", False)]),
    ],
)
def test_a_checkout_waited_for_all_others_and_for_the_last_holder_of_its_connection(
    clock: Clock, hold: Hold, ended: float, before: list[Holder]
) -> None:
    holding, waiting = checkout_of(hold()), checkout_of(hold())
    waiting.pool.holders.pop(waiting.serial)
    waiting.started = clock.now + 1
    began = clock.now
    last = (7, None, NOWHERE, began + 0.125, 0.25, 0.5, began + 0.75, began + ended)
    clock.move(3)
    assert [*holders_before(waiting, last)] == [*before, holder(holding, clock.now)]
    assert [*holders_before(waiting, None)] == [holder(holding, clock.now)]


def test_who_returned_a_connection_while_a_statement_ended_was_not_idle(clock: Clock, hold: Hold) -> None:
    waiting = checkout_of(hold())
    waiting.pool.holders.pop(waiting.serial)
    last = (7, None, NOWHERE, clock.now, 0.0, 0.0, clock.now + 2.5, clock.now + 2)
    [described] = holders_before(waiting, last)
    assert (described.held, described.idle) == (2.0, 0.0)


def suspected(engine: Engine) -> list[tuple[int, bool]]:
    """Return the suspicions of this engine: those of other tests may be taken back meanwhile."""
    own = watch_of(engine.pool).engine
    return [(one.checkout, one.suspected) for one, of in due_suspicions() if of == own]


def test_holders_are_checked_once_a_second(clock: Clock, engine: Engine, hold: Hold) -> None:
    assert suspected(engine) == []
    checkout = checkout_of(hold())
    checkout.last -= 10
    clock.move(0.99)
    assert suspected(engine) == []
    clock.move(0.01)
    assert suspected(engine) == [(checkout.serial, True)]


def test_a_suspicion_is_told_once_and_taken_back_once(clock: Clock, engine: Engine, hold: Hold) -> None:
    connection = hold()
    checkout = checkout_of(connection)
    clock.move(11)
    assert suspected(engine) == [(checkout.serial, True)]
    clock.move(1)
    assert suspected(engine) == []
    connection.execute(text("SELECT 1"))
    clock.move(1)
    assert suspected(engine) == [(checkout.serial, False)]
    clock.move(1)
    assert suspected(engine) == []


def test_a_leak_that_is_certain_is_no_suspicion(clock: Clock, engine: Engine, hold: Hold) -> None:
    checkout_of(hold()).outcome = "leaked"
    clock.move(11)
    assert suspected(engine) == []


def test_a_connection_that_was_collected_is_told_of_once(clock: Clock, engine: Engine, hold: Hold) -> None:
    checkout = checkout_of(hold())
    clock.move(11)
    assert suspected(engine) == [(checkout.serial, True)]
    checkout.end("collected")
    checkout.pool.unreported.append(checkout)
    clock.move(1)
    own = [one for one, of in due_suspicions() if of == checkout.pool.engine]
    assert [(one.checkout, one.doing) for one in own] == [(checkout.serial, "then collected")]
    clock.move(1)
    assert suspected(engine) == []
