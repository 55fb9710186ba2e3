"""What a finding says to type for mappings that are not of the plain kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, DynamicMapped, Mapped, Session, WriteOnlyMapped, mapped_column, relationship

from query_guard import Finding, Report
from tests.databases import ASYNC_DRIVERS, Database, Profiler

pytestmark = pytest.mark.asyncio
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
FOUR = range(1, 5)


class OtherBase(DeclarativeBase):
    pass


class Department(OtherBase):
    __tablename__ = "departments"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff: WriteOnlyMapped[Employee] = relationship()


class Team(OtherBase):
    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff: DynamicMapped[Employee] = relationship()


class Employee(OtherBase):
    __tablename__ = "employees"

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))


class Country(OtherBase):
    __tablename__ = "countries"

    code: Mapped[str] = mapped_column(primary_key=True)


class Item(OtherBase):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    changed: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class EagerItem(OtherBase):
    __tablename__ = "eager_items"
    __mapper_args__ = {"eager_defaults": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    changed: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


def fill(session: Session) -> None:
    session.add_all([part for n in FOUR for part in (Department(id=n), Team(id=n), Country(code=f"c{n}"))])
    session.add_all([kind(id=n, name="old") for n in FOUR for kind in (Item, EagerItem)])
    session.flush()
    session.add_all([Employee(id=n, department_id=n, team_id=n) for n in FOUR])


@pytest_asyncio.fixture(autouse=True)
async def tables(database: Database) -> AsyncIterator[None]:
    async with database.tables(OtherBase.metadata, fill):
        yield


def the_loop(report: Report) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.kind == "n_plus_one"]
    return finding


def pasted(finding: Finding, **names: Any) -> Any:
    return eval(finding.remedy, {**globals(), **names})


@pytest.mark.parametrize(
    ("work", "key"),
    [
        (
            lambda session: [
                session.scalars(one.staff.select()).all() for one in session.scalars(select(Department)).all()
            ],
            "department_id",
        ),
        (lambda session: [one.staff.all() for one in session.scalars(select(Team)).all()], "team_id"),
    ],
    ids=["write-only", "dynamic"],
)
async def test_f5_a_collection_that_has_a_select_of_its_own_takes_no_option(
    profile: Profiler, database: Database, work: Callable[[Session], Any], key: str
) -> None:
    finding = the_loop(await profile(work))
    assert finding.remedy == f"select(Employee).where(Employee.{key}.in_(values))"
    found = await database.run(lambda session: [one.id for one in session.scalars(pasted(finding, values=[1, 3]))])
    assert sorted(found) == [1, 3]


async def test_f6_a_value_that_the_database_makes_is_no_expired_object(profile: Profiler) -> None:
    def changed(kind: Any) -> Callable[[Session], None]:
        def work(session: Session) -> None:
            session.expire_on_commit = False
            items = session.scalars(select(kind)).all()
            for item in items:
                item.name = "new"
            session.commit()
            assert all(item.changed for item in items)

        return work

    before = await profile(changed(Item))
    finding = the_loop(before)
    assert finding.summary.startswith("Item.changed, which the database makes, was read again 4 times")
    assert "__mapper_args__ = {'eager_defaults': True} in Item" in finding.fix
    assert "expire_on_commit" not in finding.fix
    after = await profile(changed(EagerItem))
    assert [one.kind for one in after.findings] == []


@only_async
async def test_f6_nor_where_it_cannot_be_awaited(profile: Profiler) -> None:
    async def work(session: AsyncSession) -> None:
        item = await session.get_one(Item, 1)
        item.name = "new"
        await session.flush()
        assert item.changed

    (finding,) = [one for one in (await profile.awaited(work)).findings if one.kind == "missing_greenlet"]
    assert finding.fix.startswith("The database makes Item.changed (a server default, or onupdate)")
    assert "await session.refresh(item)" in finding.fix


async def test_f7_refreshes_by_a_key_of_another_name(profile: Profiler, database: Database) -> None:
    def work(session: Session) -> None:
        for country in session.scalars(select(Country)).all():
            session.refresh(country)

    finding = the_loop(await profile(work))
    assert finding.remedy == "select(Country).where(Country.code.in_(values)).execution_options(populate_existing=True)"
    codes = await database.run(lambda session: [one.code for one in session.scalars(pasted(finding, values=["c2"]))])
    assert codes == ["c2"]
