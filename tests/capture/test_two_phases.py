"""Transactions that are prepared before they are committed, for a coordinator of several databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from query_guard import Report
from tests.capture.writing import insert_tag
from tests.databases import Database, Profiler
from tests.models import Tag

pytestmark = pytest.mark.asyncio


SERVERS = ("psycopg",) if sqlalchemy.__version__ < "2.1" else ("psycopg", "asyncpg")
"""Before 2.1, SQLAlchemy quotes the names of prepared transactions wrongly for asyncpg."""
on_postgresql = pytest.mark.parametrize("driver", SERVERS, indirect=True)


def _prepare_and_commit(session: Session) -> None:
    session.prepare()
    session.commit()


def _prepare_and_roll_back(session: Session) -> None:
    session.prepare()
    session.rollback()


TWO_PHASES = {
    Session.commit: "committed",
    Session.rollback: "rolled back",
    _prepare_and_commit: "committed",
    _prepare_and_roll_back: "rolled back",
}


async def in_two_phases(database: Database, profile: Profiler, body: Callable[[Session], Any]) -> Report:
    async def endpoint() -> None:
        await database.run(body, twophase=True)

    return await profile.endpoint(endpoint)


async def tags_from(database: Database, number: int) -> int:
    return await database.run(lambda session: len(session.scalars(select(Tag.id).where(Tag.id >= number)).all()))


@on_postgresql
@pytest.mark.parametrize(("end", "outcome"), TWO_PHASES.items(), ids=[end.__name__.strip("_") for end in TWO_PHASES])
async def test_a_transaction_of_two_phases(
    database: Database, profile: Profiler, end: Callable[[Session], None], outcome: str
) -> None:

    def work(session: Session) -> None:
        insert_tag(session, 100)
        end(session)

    report = await in_two_phases(database, profile, work)
    ended = [(one.outcome, one.ended_by, one.writes, one.rows_written) for one in report.facts.transactions]
    assert ended == [(outcome, "application", 1, 1)]
    assert report.findings == ()
    assert await tags_from(database, 100) == (1 if outcome == "committed" else 0)


@on_postgresql
@pytest.mark.parametrize("end", TWO_PHASES, ids=[end.__name__.strip("_") for end in TWO_PHASES])
async def test_what_two_phases_need_is_no_statement_of_the_application(
    database: Database, profile: Profiler, end: Callable[[Session], None]
) -> None:

    def work(session: Session) -> None:
        insert_tag(session, 100)
        end(session)

    report = await in_two_phases(database, profile, work)
    assert [row.operation for row in report.facts.statements] == ["INSERT"]


@on_postgresql
@pytest.mark.parametrize("prepare", [False, True], ids=["open", "prepared"])
async def test_a_transaction_of_two_phases_that_nobody_ended_is_lost(
    database: Database, profile: Profiler, prepare: bool
) -> None:

    def work(session: Session) -> None:
        insert_tag(session, 100)
        if prepare:
            session.prepare()

    report = await in_two_phases(database, profile, work)
    assert [(one.outcome, one.ended_by) for one in report.facts.transactions] == [("rolled back", "close")]
    assert [finding.kind for finding in report.findings] == ["lost_write"]
    assert await tags_from(database, 100) == 0


@on_postgresql
async def test_a_connection_of_two_phases_without_a_session(profile: Profiler) -> None:

    def work(session: Session) -> None:
        transaction = session.connection().engine.connect().begin_twophase()
        transaction.connection.execute(text("INSERT INTO tags (id, name) VALUES (100, 'new')"))
        transaction.prepare()
        transaction.commit()
        transaction.connection.close()

    written = [one for one in (await profile.block(work)).facts.transactions if one.writes]
    assert [(one.outcome, one.ended_by, one.rows_written) for one in written] == [("committed", "application", 1)]
