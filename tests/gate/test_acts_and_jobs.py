"""Statements that act, and the jobs of queues, with their neighbours: row P5 of the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from query_guard import Report
from tests.databases import Database, Profiler
from tests.models import Post, User

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.usefixtures("jobs"),
    pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True),
]
Body = Callable[[Session], object]


class Base(DeclarativeBase):
    pass


class Job(Base):
    __tablename__ = "acted_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="queued")


QUEUED = select(Job).where(Job.state == "queued").order_by(Job.id).with_for_update(skip_locked=True).limit(1)
CLAIM = text(
    "UPDATE acted_jobs SET state = 'running' WHERE id = ("
    "SELECT id FROM acted_jobs WHERE state = 'queued' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id"
)


@pytest_asyncio.fixture
async def jobs(database: Database) -> AsyncIterator[None]:
    def fill(session: Session) -> None:
        session.add_all([Job(id=number) for number in range(1, 5)])

    async with database.tables(Base.metadata, fill):
        yield


def kinds(report: Report) -> list[str]:
    return sorted(kind for finding in report.loud_findings for kind in finding.kinds)


def set_for_each_tenant(session: Session) -> None:
    for tenant in ("a", "b", "c"):
        session.execute(text(f"SET LOCAL app.tenant = '{tenant}'"))


def counted_for_each_tenant(session: Session) -> None:
    for tenant in ("a", "b", "c"):
        session.execute(select(func.set_config("app.tenant", tenant, True)))
        session.scalar(select(func.count(Post.id)))


def counted_for_each_tenant_after_set(session: Session) -> None:
    for tenant in ("a", "b", "c"):
        session.execute(text(f"SET LOCAL app.tenant = '{tenant}'"))
        session.scalar(select(func.count(Post.id)))


def one_row_is_locked_again(session: Session) -> None:
    for _ in range(3):
        session.execute(text("SELECT name, pg_advisory_xact_lock(id) FROM users WHERE id = 1"))


def claimed_then_finished(session: Session) -> None:
    while job := session.scalars(QUEUED).first():
        job.state = "running"
        session.commit()
        session.get(User, job.id)
        job.state = "done"
        session.commit()


def claimed_by_an_update(session: Session) -> None:
    while number := session.scalar(CLAIM):
        session.commit()
        session.get_one(User, number).name += "!"
        session.execute(update(Job).where(Job.id == number).values(state="done"))
        session.commit()
    session.rollback()


@pytest.mark.parametrize(
    "work",
    [
        set_for_each_tenant, counted_for_each_tenant, counted_for_each_tenant_after_set, one_row_is_locked_again,
        claimed_then_finished, claimed_by_an_update,
    ],
)  # fmt: skip
async def test_p5_acts_and_jobs_are_silent(profile: Profiler, work: Body) -> None:
    assert kinds(await profile(work)) == []


def counted_after_one_setting(session: Session) -> None:
    session.execute(text("SET LOCAL app.tenant = 'a'"))
    for _ in range(3):
        session.scalar(select(func.count(Post.id)))


async def test_p5_a_count_is_repeated_where_no_setting_changes(profile: Profiler) -> None:
    assert kinds(await profile(counted_after_one_setting)) == ["duplicate_statement"]


def locked_row_by_row(session: Session) -> None:
    for number in range(1, 5):
        session.execute(text("SELECT name, pg_advisory_xact_lock(id) FROM users WHERE id = :id"), {"id": number})


def beside_an_empty_queue(session: Session) -> None:
    session.execute(update(Job).values(state="done"))
    session.commit()
    for number in range(1, 5):
        session.scalars(QUEUED).first()
        session.scalars(select(User.name).where(User.id == number)).first()
        session.commit()


def after_the_last_job(session: Session) -> None:
    claimed_then_finished(session)
    for number in range(1, 4):
        session.scalars(select(User.name).where(User.id == number)).first()
        session.commit()


def within_a_job(session: Session) -> None:
    session.scalars(QUEUED).one().state = "done"
    session.commit()
    for number in range(1, 4):
        session.scalars(select(User.name).where(User.id == number)).first()
        session.commit()


@pytest.mark.parametrize("loop", [locked_row_by_row, beside_an_empty_queue, after_the_last_job, within_a_job])
async def test_p5_loops_beside_acts_and_jobs_are_found(profile: Profiler, loop: Body) -> None:
    assert kinds(await profile(loop)) == ["n_plus_one"]


async def test_p5_a_commit_for_each_row_of_a_job(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.scalars(QUEUED).one().state = "done"
        session.commit()
        for user in session.scalars(select(User)).all():
            user.name += "!"
            session.commit()

    assert "commit_per_row" in kinds(await profile(work))
