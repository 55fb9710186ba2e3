"""Transactions: how they ended, where, and by whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.capture.writing import insert_tag, the_transaction
from tests.databases import Profiler
from tests.models import Comment, Tag, User

pytestmark = pytest.mark.asyncio


async def test_outcome_statements_and_rows_written(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.execute(update(Tag).values(name="new"))
        session.execute(delete(Comment).where(Comment.id <= 2))
        session.commit()
        session.execute(select(User)).all()
        session.rollback()

    first, second = (await profile.block(work)).facts.transactions
    assert (first.outcome, first.statements, first.writes, first.rows_written) == ("committed", 2, 2, 5)
    assert (second.outcome, second.statements, second.writes, second.rows_written) == ("rolled back", 1, 0, 0)


async def test_autocommit_has_transactions_that_nothing_can_be_lost_with(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        insert_tag(session, 100)
        session.rollback()
        assert session.get(Tag, 100) is not None

    report = await profile.block(work)
    first, *_ = report.facts.transactions
    assert (first.autocommit, first.writes, first.rows_written) == (True, 1, 1)
    assert report.facts.committed_writes == ()


def _commits(session: Session) -> None:
    insert_tag(session, 100)
    session.commit()


def _rolls_back(session: Session) -> None:
    insert_tag(session, 100)
    session.rollback()


def _leaves_it_to_the_end_of_the_session(session: Session) -> None:
    insert_tag(session, 100)


def _ends_a_begin_block(session: Session) -> None:
    with session.begin():
        insert_tag(session, 100)


def _raises_in_a_begin_block(session: Session) -> None:
    with pytest.raises(ValueError, match="handled"), session.begin():
        insert_tag(session, 100)
        raise ValueError("handled")


def _closes(session: Session) -> None:
    insert_tag(session, 100)
    session.close()


ENDS = {
    _commits: ("committed", "application"),
    _rolls_back: ("rolled back", "application"),
    _ends_a_begin_block: ("committed", "application"),
    _raises_in_a_begin_block: ("rolled back", "application"),
    _closes: ("rolled back", "close"),
    _leaves_it_to_the_end_of_the_session: ("rolled back", "close"),
}


@pytest.mark.parametrize(("work", "end"), ENDS.items(), ids=[work.__name__.strip("_") for work in ENDS])
async def test_who_ended_a_transaction_that_wrote(
    profile: Profiler, work: Callable[[Session], None], end: tuple[str, str]
) -> None:
    transaction = await the_transaction(profile, work)
    assert (transaction.outcome, transaction.ended_by) == end


async def test_the_end_of_a_transaction_that_only_read_is_not_examined(profile: Profiler) -> None:
    transaction = await the_transaction(profile, lambda session: session.execute(select(User)).all())
    assert (transaction.outcome, transaction.ended_by, transaction.site.frames) == ("rolled back", "", ())


async def test_the_site_is_that_of_the_commit(profile: Profiler) -> None:
    def commit_here(session: Session) -> None:
        session.commit()

    def write_there(session: Session) -> None:
        insert_tag(session, 100)
        commit_here(session)

    frame = (await the_transaction(profile, write_there)).site.innermost
    assert frame is not None
    assert (frame.function, frame.line) == ("commit_here", commit_here.__code__.co_firstlineno + 1)
