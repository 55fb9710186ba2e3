"""How long everything took, to the last bit: statements, holds, waits, transactions and the pauses in them."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from query_guard import record
from query_guard.capture.live import holders
from query_guard.capture.live.holders import due_suspicions, holders_of
from query_guard.capture.live.pools import watch_of
from query_guard.detectors import IdleInTransaction, SlowStatement
from query_guard.records import Engine as EngineRecord
from query_guard.records import Finding, Holder, Report
from query_guard.web.headers import report_headers
from tests.clock import Clock

READ = text("SELECT 1")


def take(seconds: float) -> Any:
    return text(f"SELECT move({seconds})")


def test_each_duration_is_what_the_clock_says(clock: Clock, timed_engine: Engine) -> None:
    with record() as recording:
        clock.move(1.0)
        with timed_engine.connect() as connection:
            clock.move(0.5)
            connection.execute(take(0.25))
            clock.move(2.0)
            connection.execute(take(0.0625))
            clock.move(4.0)
            connection.commit()
            clock.move(8.0)
        clock.move(16.0)
    facts = recording.report.facts
    assert [(row.start, row.duration) for row in facts.statements] == [(1.625, 0.25), (3.875, 0.0625)]
    (checkout,) = facts.checkouts
    assert (checkout.start, checkout.connect, checkout.wait, checkout.hold) == (1.0, 0.125, 0.0, 14.8125)
    assert (checkout.busy, checkout.idle_in_transaction) == (0.3125, 6.0)
    (transaction,) = facts.transactions
    assert (transaction.start, transaction.end) == (1.625, 7.9375)
    assert (facts.duration, facts.query_time) == (31.9375, 0.3125)
    headers = dict(report_headers("id", facts.numbers, ()))
    assert headers[b"x-query-time-ms"] == b"312.500"
    assert headers[b"server-timing"] == b'db;dur=312.5;desc="2 queries", pool;dur=0.0;desc="1 checkout"'
    assert headers[b"x-query-pool"].startswith(b"checkouts=1, wait-ms=0.0, held-ms=14812.5")


def test_a_connection_is_made_once(clock: Clock, timed_engine: Engine) -> None:
    with record() as recording:
        for _ in range(2):
            timed_engine.connect().close()
    first, second = recording.report.facts.checkouts
    assert [(one.connect, one.wait) for one in (first, second)] == [(0.125, 0.0), (0.0, 0.0)]
    assert first.connection == second.connection
    (pool,) = recording.report.facts.pools
    assert (pool.connects, pool.connect_time, pool.waits, pool.wait_time, pool.peak) == (1, 0.125, 0, 0.0, 1)


def test_what_is_done_before_a_connection_is_back_is_part_of_its_hold(clock: Clock, timed_engine: Engine) -> None:
    with record() as recording, timed_engine.connect() as connection:
        record_of_it: Any = connection.connection._connection_record
        record_of_it.finalize_callback.append(lambda _: clock.move(0.5))
    assert [(row.outcome, row.hold) for row in recording.report.facts.checkouts] == [("returned", 0.5)]


def test_a_statement_that_fails_has_its_duration_too(clock: Clock, timed_engine: Engine) -> None:
    with record() as recording, timed_engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("SELECT abs(move(0.25) - 9223372036854775807 - 1)"))
    assert [(row.duration, row.error) for row in recording.report.facts.statements] == [(0.25, "OperationalError")]


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


@pytest.mark.parametrize(("seconds", "found"), [(0.0999, []), (0.1001, ["slow_statement"])])
def test_slow_is_a_tenth_of_a_second(clock: Clock, timed_engine: Engine, seconds: float, found: list[str]) -> None:
    with record(detectors=[SlowStatement()]) as recording, timed_engine.connect() as connection:
        connection.execute(take(seconds))
    assert kinds(recording.report) == found


@pytest.mark.parametrize(("seconds", "found"), [(0.0999, []), (0.1001, ["idle_in_transaction"])])
def test_idle_is_a_tenth_of_a_second(clock: Clock, timed_engine: Engine, seconds: float, found: list[str]) -> None:
    with record(detectors=[IdleInTransaction()]) as recording, timed_engine.connect() as connection:
        connection.execute(READ)
        clock.move(seconds)
        connection.execute(READ)
    assert kinds(recording.report) == found


def test_time_outside_a_transaction_is_nobodys_business(clock: Clock, timed_engine: Engine) -> None:
    with record(detectors=[IdleInTransaction()]) as recording, timed_engine.connect() as connection:
        connection.execute(READ)
        connection.commit()
        clock.move(5.0)
        connection.execute(READ)
    assert kinds(recording.report) == []


def test_time_of_a_streamed_result_is_fetching(clock: Clock, timed_engine: Engine) -> None:
    with record(detectors=[IdleInTransaction()]) as recording, timed_engine.connect() as connection:
        for _ in connection.execute(READ, execution_options={"stream_results": True}):
            clock.move(5.0)
        connection.execute(READ)
    assert [row.streamed for row in recording.report.facts.statements] == [True, False]
    assert [one for one in recording.report.findings if isinstance(one, Finding)] == []


def looked(clock: Clock) -> list[tuple[Holder, EngineRecord]]:
    return list(due_suspicions())


@pytest.mark.parametrize(("seconds", "suspected"), [(9.9375, False), (10.0, True)])
def test_a_connection_looks_forgotten_after_ten_idle_seconds(
    clock: Clock, timed_engine: Engine, seconds: float, suspected: bool
) -> None:
    with record("job"), timed_engine.connect() as connection:
        connection.execute(READ)
        clock.move(seconds)
        (holder,) = holders_of(watch_of(timed_engine.pool))
    assert (holder.suspected, holder.idle, holder.held) == (suspected, seconds, seconds)
    assert (holder.name, holder.doing) == ("job", "idle in transaction")


def test_a_suspicion_is_reported_once_and_withdrawn_when_the_connection_comes_back(
    clock: Clock, timed_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "_next_check", 0.0)
    with record("job"):
        with timed_engine.connect() as connection:
            connection.execute(READ)
            clock.move(9.0)
            assert looked(clock) == []
            clock.move(1.0)
            ((suspected, engine),) = looked(clock)
            assert (suspected.suspected, suspected.idle, str(engine).partition("#")[0]) == (
                True, 10.0, "sqlite+pysqlite",
            )  # fmt: skip
            clock.move(1.0)
            assert looked(clock) == []
        clock.move(1.0)
        ((withdrawn, _),) = looked(clock)
        assert (withdrawn.suspected, withdrawn.doing) == (False, "then returned")
        clock.move(1.0)
        assert looked(clock) == []


def test_a_suspicion_is_confirmed_when_the_garbage_collector_returns_the_connection(
    clock: Clock, timed_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "_next_check", 0.0)
    with record("job"):
        connection = timed_engine.connect()
        connection.execute(READ)
    clock.move(10.0)
    assert [(holder.suspected, holder.doing) for holder, _ in looked(clock)] == [(True, "idle in transaction")]
    del connection
    gc.collect()
    clock.move(1.0)
    ((confirmed, _),) = looked(clock)
    assert (confirmed.name, confirmed.doing, confirmed.held) == ("job", "then collected", 10.0)
    clock.move(1.0)
    assert looked(clock) == []


def test_what_its_own_report_says_was_collected_is_not_said_again(
    clock: Clock, timed_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "_next_check", 0.0)
    with record("job") as recording:
        timed_engine.connect().execute(READ)
        gc.collect()
    assert [finding.kind for finding in recording.report.findings] == ["connection_leak"]
    assert looked(clock) == []


def test_holders_are_looked_at_once_a_second(
    clock: Clock, timed_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "_next_check", 0.0)
    with record("job"), timed_engine.connect() as connection:
        connection.execute(READ)
        clock.move(9.5)
        assert looked(clock) == []
        clock.move(0.9)
        assert looked(clock) == []
        clock.move(0.1)
        assert len(looked(clock)) == 1
        clock.move(1.0)
    assert len(looked(clock)) == 1
