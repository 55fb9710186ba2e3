"""One execution that inserts its rows one at a time: row P7 of the gate."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import Identity, func, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, orm_insert_sentinel

from query_guard import Finding, Report
from tests.databases import Database, Profiler

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True),
    pytest.mark.usefixtures("tables"),
]


class Base(DeclarativeBase):
    pass


class ByServer(Base):
    __tablename__ = "keys_by_server"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    number: Mapped[int]


class ByPython(Base):
    __tablename__ = "keys_by_python"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    number: Mapped[int]


class WithSentinel(Base):
    __tablename__ = "keys_with_sentinel"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    number: Mapped[int]
    sentinel: Mapped[int] = orm_insert_sentinel()


class Counted(Base):
    __tablename__ = "keys_counted"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    number: Mapped[int]


Model = type[ByServer] | type[ByPython] | type[WithSentinel] | type[Counted]


@pytest_asyncio.fixture
async def tables(database: Database) -> AsyncIterator[None]:
    async with database.tables(Base.metadata):
        yield


def loops(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == "n_plus_one"]


def added(session: Session, model: Model, rows: int) -> None:
    session.add_all([model(number=number) for number in range(rows)])
    session.flush()
    session.rollback()


async def test_p7_rows_that_one_flush_inserts_one_at_a_time_are_a_loop(profile: Profiler) -> None:
    report = await profile(lambda session: added(session, ByServer, 30))
    (finding,) = loops(report)
    assert (report.query_count, finding.count, finding.severity) == (1, 30, "warning")
    assert finding.summary.startswith("30 rows of keys_by_server were inserted one at a time, by one call: INSERT")
    assert finding.fix.startswith("Let Python make the key of keys_by_server, as mapped_column(primary_key=True, def")
    assert finding.site.innermost is not None
    assert finding.site.innermost.function == "added"


@pytest.mark.parametrize("model", [ByPython, WithSentinel, Counted])
async def test_p7_the_fixes_send_them_at_once(profile: Profiler, model: Model) -> None:
    report = await profile(lambda session: added(session, model, 30))
    assert (report.facts.driver_calls, loops(report)) == (1, [])


@pytest.mark.parametrize(("rows", "found"), [(9, []), (10, [10])])
async def test_p7_a_few_rows_are_not_worth_a_word(profile: Profiler, rows: int, found: list[int]) -> None:
    report = await profile(lambda session: added(session, ByServer, rows))
    assert [finding.count for finding in loops(report)] == found


async def test_p7_core_asks_for_the_order_of_the_rows_or_gets_them_at_once(profile: Profiler) -> None:
    rows = [{"number": number} for number in range(20)]

    def in_order(session: Session) -> None:
        session.execute(insert(ByServer).returning(ByServer.id, sort_by_parameter_order=True), rows).all()

    def in_any_order(session: Session) -> None:
        session.execute(insert(ByServer).returning(ByServer.id), rows).all()

    assert [finding.count for finding in loops(await profile(in_order))] == [20]
    assert loops(await profile(in_any_order)) == []


async def test_p7_a_page_size_of_one_was_wished_for(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.connection(execution_options={"insertmanyvalues_page_size": 1})
        added(session, Counted, 20)

    report = await profile(work)
    assert (report.facts.driver_calls, loops(report)) == (20, [])
