"""What must be found: rows N of the gate."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from query_guard import Finding, Report
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, Database, Profiler
from tests.models import Post, User

pytestmark = pytest.mark.asyncio
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
only_sync = pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)


def loops(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == "n_plus_one"]


def the_loop(report: Report, function: str) -> Finding:
    """Return the one N+1 of a report, having checked that it names this file and the function."""
    (finding,) = loops(report)
    frame = finding.site.innermost
    assert frame is not None
    assert frame.file.endswith("test_n_plus_one.py")
    assert frame.function == function
    assert finding.severity == "warning"
    assert finding.phase == "endpoint"
    return finding


@only_sync
async def test_n1_lazy_one_to_many_in_a_def_endpoint(database: Database, profile: Profiler) -> None:
    def list_users() -> None:
        with database.session() as session:
            for user in session.scalars(select(User)):
                len(user.posts)

    finding = the_loop(await profile.endpoint(list_users), "list_users")
    assert (finding.relationship, finding.count) == ("User.posts", 5)
    assert finding.remedy == "selectinload(User.posts)"


async def test_n2_lazy_many_to_one(profile: Profiler) -> None:
    def authors(session: Session) -> None:
        for post in session.scalars(select(Post)):
            assert post.author is not None

    finding = the_loop(await profile(authors), "authors")
    assert (finding.relationship, finding.count) == ("Post.author", 5)
    assert finding.remedy == "joinedload(Post.author)"


@only_async
async def test_n5_awaitable_attrs_in_a_loop(profile: Profiler) -> None:
    async def list_users(session: AsyncSession) -> None:
        for user in await session.scalars(select(User)):
            await user.awaitable_attrs.posts

    finding = the_loop(await profile.awaited(list_users), "list_users")
    assert finding.relationship == "User.posts"


@only_async
async def test_n6_the_same_inside_run_sync(profile: Profiler) -> None:
    async def list_users(session: AsyncSession) -> None:
        await session.run_sync(count_posts)

    def count_posts(session: Session) -> None:
        for user in session.scalars(select(User)):
            len(user.posts)

    finding = the_loop(await profile.awaited(list_users), "count_posts")
    assert [frame.function for frame in finding.site.frames[:2]] == ["count_posts", "list_users"]


@only_async
async def test_n7_loop_of_selects_by_primary_key(profile: Profiler) -> None:
    async def by_id(session: AsyncSession) -> None:
        for number in range(1, 5):
            await session.scalar(select(Post).where(Post.id == number))

    finding = the_loop(await profile.awaited(by_id), "by_id")
    assert finding.count == 4
    assert ".in_(" in finding.fix


CORE = {
    "select": lambda number: select(User.__table__).where(User.id == number),
    "text with binds": lambda number: text("SELECT * FROM users WHERE id = :id").bindparams(id=number),
    "text with literals": lambda number: text(f"SELECT * FROM users WHERE id = {number}"),
}


@pytest.mark.parametrize("statement", CORE.values(), ids=CORE.keys())
async def test_n9_loop_over_core(profile: Profiler, statement: object) -> None:
    def core_loop(session: Session) -> None:
        connection: Connection = session.connection()
        for number in range(1, 5):
            connection.execute(statement(number))  # type: ignore[operator]

    finding = the_loop(await profile(core_loop), "core_loop")
    assert finding.count == 4
