"""A session that joins a transaction from before its request: its savepoint stands for a transaction of the request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.recorder import Recorder
from tests.models import Base, Tag

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded knows the outer transaction, too


@pytest.fixture
def outer() -> Iterator[Connection]:
    """Give a connection with an open transaction, as a test suite that rolls everything back has one."""
    install()
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.begin()
        yield connection
    engine.dispose()


def joined(outer: Connection, work: Callable[[Session], object], *, request: bool = True) -> list[OpenTransaction]:
    recorder = Recorder()
    with open_window(recorder, request) as window:
        with Session(bind=outer, join_transaction_mode="create_savepoint") as session:
            session.add(Tag(name="new"))
            session.flush()
            work(session)
        assert {transaction.request for transaction in recorder.transactions} <= {window.serial}
    return recorder.transactions


@pytest.mark.parametrize(
    ("end", "outcome", "ended_by"),
    [
        (Session.commit, "committed", "application"),
        (Session.rollback, "rolled back", "application"),
        (Session.flush, "rolled back", "close"),
    ],
)
def test_it_ends_as_a_transaction_ends(
    outer: Connection, end: Callable[[Session], None], outcome: str, ended_by: str
) -> None:
    [transaction] = joined(outer, end)
    assert (transaction.outcome, transaction.ended_by, transaction.autocommit) == (outcome, ended_by, False)
    assert (transaction.statements, transaction.wrote) == (1, True)
    assert transaction.outer is None


def test_each_transaction_of_the_session_is_one(outer: Connection) -> None:
    def again(session: Session) -> None:
        session.commit()
        session.execute(text("SELECT 1"))
        session.rollback()

    assert [one.outcome for one in joined(outer, again)] == ["committed", "rolled back"]


def test_a_savepoint_within_it_is_only_a_savepoint(outer: Connection) -> None:
    def nested(session: Session) -> None:
        savepoint = session.begin_nested()
        session.execute(text("SELECT 1"))
        savepoint.rollback()
        session.commit()

    [transaction] = joined(outer, nested)
    assert (transaction.outcome, transaction.statements) == ("committed", 2)
    assert transaction.savepoints is not None
    assert transaction.savepoints.undone == [(1, 2)]


def test_outside_requests_it_is_a_savepoint_of_a_transaction_that_nobody_saw(outer: Connection) -> None:
    assert joined(outer, Session.commit, request=False) == []
