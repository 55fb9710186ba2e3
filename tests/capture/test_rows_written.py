"""What a transaction wrote: in one execution or many, taken back by savepoints or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from tests.capture.writing import insert_tag, new_tags, the_transaction
from tests.databases import Profiler
from tests.models import Comment, Tag

pytestmark = pytest.mark.asyncio


def _executemany(session: Session) -> None:
    session.connection().execute(insert(Tag), new_tags(7))


def _executemany_of_updates(session: Session) -> None:
    rename = update(Tag).where(Tag.id == bindparam("number")).values(name=bindparam("label"))
    session.connection().execute(rename, [{"number": n, "label": "new"} for n in (1, 2, 3)])


def _bulk_update(session: Session) -> None:
    session.execute(update(Tag), [{"id": n, "name": "new"} for n in (1, 2, 3)])


def _insertmanyvalues(session: Session) -> None:
    assert len(session.scalars(insert(Tag).returning(Tag.id), new_tags(7)).all()) == 7


def _insertmanyvalues_in_batches(session: Session) -> None:
    assert len(session.scalars(insert(Tag).returning(Tag.id), new_tags(2400)).all()) == 2400


def _add_all(session: Session) -> None:
    session.add_all([Comment(text="new", post_id=1) for _ in range(7)])
    session.flush()


MANY = {
    _executemany: 7,
    _executemany_of_updates: 3,
    _bulk_update: 3,
    _insertmanyvalues: 7,
    _insertmanyvalues_in_batches: 2400,
    _add_all: 7,
}


@pytest.mark.parametrize(("write", "rows"), MANY.items(), ids=[write.__name__.strip("_") for write in MANY])
async def test_rows_of_one_execution_with_many_sets_of_values(
    profile: Profiler, write: Callable[[Session], None], rows: int
) -> None:

    def work(session: Session) -> None:
        write(session)
        session.commit()

    transaction = await the_transaction(profile, work)
    assert (transaction.statements, transaction.writes, transaction.rows_written) == (1, 1, rows)


RETURNING: dict[str, Callable[[Session], Any]] = {
    "insert": lambda session: session.scalar(insert(Tag).values(id=100, name="new").returning(Tag.id)),
    "update": lambda session: session.scalars(update(Tag).values(name="new").returning(Tag.id)).all(),
    "delete": lambda session: session.scalars(delete(Comment).returning(Comment.id)).all(),
}


@pytest.mark.parametrize("write", RETURNING.values(), ids=RETURNING.keys())
async def test_a_write_that_returns_its_rows_is_a_write(profile: Profiler, write: Callable[[Session], Any]) -> None:

    def work(session: Session) -> None:
        assert write(session)
        session.commit()

    transaction = await the_transaction(profile, work)
    assert (transaction.statements, transaction.writes) == (1, 1)


async def test_a_write_that_met_no_row_is_none(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.execute(update(Tag).where(Tag.id == -1).values(name="nobody"))
        session.commit()

    transaction = await the_transaction(profile, work)
    assert (transaction.statements, transaction.writes, transaction.rows_written) == (1, 0, 0)


async def test_what_a_savepoint_took_back_was_not_written(profile: Profiler) -> None:
    def work(session: Session) -> None:
        insert_tag(session, 100)
        savepoint = session.begin_nested()
        session.execute(update(Tag).values(name="new"))
        savepoint.rollback()
        insert_tag(session, 101)
        session.commit()

    transaction = await the_transaction(profile, work)
    assert (transaction.outcome, transaction.statements) == ("committed", 3)
    assert (transaction.writes, transaction.rows_written) == (2, 2)


async def test_a_released_savepoint_keeps_what_it_wrote(profile: Profiler) -> None:
    def work(session: Session) -> None:
        with session.begin_nested():
            insert_tag(session, 100)
        session.commit()

    assert (await the_transaction(profile, work)).rows_written == 1


async def test_an_outer_savepoint_takes_back_what_an_inner_one_released(profile: Profiler) -> None:
    def work(session: Session) -> None:
        insert_tag(session, 100)
        outer = session.begin_nested()
        insert_tag(session, 101)
        with session.begin_nested():
            insert_tag(session, 102)
        outer.rollback()
        insert_tag(session, 103)
        session.commit()

    transaction = await the_transaction(profile, work)
    assert (transaction.statements, transaction.writes, transaction.rows_written) == (4, 2, 2)


async def test_an_inner_savepoint_takes_back_nothing_of_the_outer_one(profile: Profiler) -> None:
    def work(session: Session) -> None:
        with session.begin_nested():
            insert_tag(session, 100)
            inner = session.begin_nested()
            insert_tag(session, 101)
            inner.rollback()
        session.commit()

    assert (await the_transaction(profile, work)).rows_written == 1


async def test_of_two_savepoints_of_one_name_the_later_is_rolled_back_to(profile: Profiler) -> None:
    def work(session: Session) -> None:
        connection = session.connection()
        dialect = connection.dialect
        for number in (100, 101):
            dialect.do_savepoint(connection, "same")
            insert_tag(session, number)
        dialect.do_rollback_to_savepoint(connection, "same")
        session.commit()

    assert (await the_transaction(profile, work)).rows_written == 1


async def test_once_it_is_released_its_name_is_that_of_the_earlier_one(profile: Profiler) -> None:

    def work(session: Session) -> None:
        connection = session.connection()
        dialect = connection.dialect
        for number in (100, 101):
            dialect.do_savepoint(connection, "same")
            insert_tag(session, number)
        dialect.do_release_savepoint(connection, "same")
        dialect.do_rollback_to_savepoint(connection, "same")
        session.commit()
        assert session.scalars(select(Tag.id).where(Tag.id >= 100)).all() == []

    written, _ = (await profile.block(work)).facts.transactions
    assert (written.writes, written.rows_written) == (0, 0)
