"""What must stay silent: rows S of the gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Depends
from sqlalchemy import insert, select
from sqlalchemy.orm import Session, joinedload, selectinload, subqueryload

from query_guard import Report
from tests.databases import SYNC_DRIVERS, Database, Profiler
from tests.models import Post, User

pytestmark = pytest.mark.asyncio
only_sync = pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


def many_users(session: Session) -> None:
    session.execute(insert(User), [{"id": n, "name": f"user {n}"} for n in range(100, 1300)])
    session.execute(insert(Post), [{"title": "post", "author_id": n} for n in range(100, 1300)])
    session.commit()


async def test_s1_selectinload_over_1200_parents(database: Database, profile: Profiler) -> None:
    await database.run(many_users)

    def eager(session: Session) -> None:
        for user in session.scalars(select(User).options(selectinload(User.posts))):
            len(user.posts)

    report = await profile(eager)
    assert report.query_count == 4
    assert kinds(report) == []


EAGER: dict[str, Callable[[], Any]] = {
    "nested selectinload": lambda: selectinload(User.posts).selectinload(Post.comments),
    "subqueryload": lambda: subqueryload(User.posts).subqueryload(Post.tags),
    "joinedload": lambda: joinedload(User.posts).joinedload(Post.comments),
}


@pytest.mark.parametrize("option", EAGER.values(), ids=EAGER.keys())
async def test_s1_eager_loading_is_silent(profile: Profiler, option: Callable[[], Any]) -> None:
    def eager(session: Session) -> None:
        for user in session.scalars(select(User).options(option())).unique():
            for post in user.posts:
                assert post.title

    report = await profile(eager)
    assert report.query_count <= 3
    assert kinds(report) == []


async def test_s2_add_all_in_one_flush(profile: Profiler) -> None:
    def flush(session: Session) -> None:
        session.add_all([User(name=f"new {n}", id=1000 + n) for n in range(1200)])
        session.flush()

    report = await profile(flush)
    assert report.query_count == 1
    assert kinds(report) == []


async def test_s2_bulk_insert_counts_once(profile: Profiler) -> None:
    def bulk(session: Session) -> None:
        session.execute(insert(User), [{"name": f"new {n}", "id": 1000 + n} for n in range(2400)])
        session.execute(insert(User).returning(User.id), [{"name": f"new {n}", "id": 5000 + n} for n in range(2400)])

    report = await profile(bulk)
    assert report.query_count == 2
    assert kinds(report) == []


async def test_s4_lazy_load_on_one_parent(profile: Profiler) -> None:
    def one(session: Session) -> None:
        user = session.get_one(User, 1)
        len(user.posts)
        other = session.scalars(select(User).where(User.id == 2).limit(1)).one()
        len(other.posts)

    report = await profile(one)
    assert report.query_count == 4
    assert kinds(report) == []


async def test_s5_two_loads_on_one_line(profile: Profiler) -> None:
    def one_line(session: Session) -> None:
        a, b = session.get_one(Post, 1), session.get_one(Post, 2)
        _ = a.comments, a.tags, b.tags

    report = await profile(one_line)
    assert kinds(report) == []


@only_sync
async def test_s7_dependency_and_endpoint_look_up_one_table(database: Database, profile: Profiler) -> None:
    def session() -> Any:
        with database.session() as session:
            yield session

    def current_user(session: Annotated[Session, Depends(session)]) -> User:
        return session.execute(select(User).where(User.id == 1)).scalar_one()

    def endpoint(user: Annotated[User, Depends(current_user)], session: Annotated[Session, Depends(session)]) -> None:
        for number in (2,):
            session.execute(select(User).where(User.id == number)).scalar_one()

    endpoint.__annotations__ = {
        "user": Annotated[User, Depends(current_user)],
        "session": Annotated[Session, Depends(session)],
    }
    current_user.__annotations__ = {"session": Annotated[Session, Depends(session)]}
    report = await profile.endpoint(endpoint)
    assert [row.phase for row in report.facts.statements] == ["dependency", "endpoint"]
    assert kinds(report) == []


class Crud:
    """The helper that authentication, authorisation and endpoint all call."""

    def get(self, session: Session, number: int) -> User:
        return session.execute(select(User).where(User.id == number)).scalar_one()


async def test_s7b_one_crud_method_called_from_several_lines(profile: Profiler) -> None:
    crud = Crud()

    def endpoint(session: Session) -> None:
        crud.get(session, 1)
        crud.get(session, 2)
        crud.get(session, 3)

    report = await profile(endpoint)
    assert report.query_count == 3
    assert kinds(report) == []
