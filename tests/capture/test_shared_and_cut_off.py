"""Transactions whose connection goes back while they are open, and those that the application begins as text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import QueuePool, StaticPool

from query_guard import record
from query_guard.recording import Recording

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has its connections recorded before

ONE = text("SELECT 1")


def told(recording: Recording) -> list[tuple[str, str]]:
    return [(one.outcome, one.ended_by) for one in recording.report.facts.transactions]


def test_a_transaction_ends_with_the_return_of_its_connection() -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_reset_on_return=None)
    with record("block") as recording:
        connection = engine.connect()
        connection.execute(ONE)
        connection.connection.close()  # past SQLAlchemy's own transaction, which would roll back
    assert told(recording) == [("rolled back", "close")]
    connection.detach()
    connection.close()
    engine.dispose()


def test_a_transaction_goes_on_where_another_checkout_shares_its_connection() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, pool_reset_on_return=None)
    with record("block") as recording, engine.connect() as first:
        first.execute(text("CREATE TABLE a (b)"))
        first.commit()
        first.execute(text("INSERT INTO a VALUES (1)"))
        engine.connect().close()
        first.commit()
    assert told(recording) == [("committed", ""), ("committed", "application")]
    engine.dispose()


@pytest.fixture
def autocommitting() -> Iterator[Engine]:
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:", isolation_level=None))
    yield engine
    engine.dispose()


def test_a_listener_that_sends_begin_makes_a_transaction_of_its_own_each_time(autocommitting: Engine) -> None:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    with record("block") as recording, autocommitting.connect() as connection:
        for listens in (True, False, True, False):
            if listens:
                event.listen(autocommitting, "begin", begin)
            connection.execute(ONE)
            connection.commit()
            if listens:
                event.remove(autocommitting, "begin", begin)
    assert [one.autocommit for one in recording.report.facts.transactions] == [False, True, False, True]
    assert recording.report.query_count == 4
