"""What must stay silent: rows S of the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select, text, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, joinedload, selectinload, subqueryload

from query_guard import QueryGuard, Report
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, UNTIMED, Database, Profiler
from tests.models import Post, Tag, User, Versioned
from tests.serving import only

pytestmark = pytest.mark.asyncio
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
only_sync = pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


def get_user(session: Session, number: int) -> User | None:
    return session.get(User, number)


def reasons(report: Report) -> set[str]:
    return {silence.reason for silence in report.silences}


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
    assert reasons(report) == {"not N+1: one load in 3 chunks of selectinload(User.posts)"}


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
        session.commit()

    report = await profile(flush)
    assert report.query_count == 1
    assert kinds(report) == []


async def test_s2_bulk_insert_counts_once(profile: Profiler) -> None:
    def bulk(session: Session) -> None:
        session.execute(insert(User), [{"name": f"new {n}", "id": 1000 + n} for n in range(2400)])
        session.execute(insert(User).returning(User.id), [{"name": f"new {n}", "id": 5000 + n} for n in range(2400)])
        session.commit()

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


async def test_s3_count_and_page(profile: Profiler) -> None:
    def page(session: Session) -> None:
        session.scalar(select(func.count()).select_from(Post))
        session.scalars(select(Post).order_by(Post.id).limit(5)).all()

    assert kinds(await profile(page)) == []


async def test_s3_an_offset_walk(profile: Profiler) -> None:
    def walk(session: Session) -> None:
        offset = 0
        while session.scalars(select(Post).where(Post.title != "x").order_by(Post.id).limit(4).offset(offset)).all():
            offset += 4

    report = await profile(walk)
    assert kinds(report) == []
    assert reasons(report) == {"not N+1: pages: only OFFSET changes"}


async def test_s3_an_offset_walk_in_text(profile: Profiler) -> None:
    def walk(session: Session) -> None:
        for offset in range(0, 12, 4):
            session.execute(text(f"SELECT id FROM posts ORDER BY id LIMIT 4 OFFSET {offset}"))

    assert reasons(await profile(walk)) == {"not N+1: pages: only OFFSET changes"}


async def test_s3_a_keyset_walk(profile: Profiler) -> None:
    def walk(session: Session) -> None:
        last = 0
        while found := session.scalars(select(Post).where(Post.id > last).order_by(Post.id).limit(4)).all():
            last = found[-1].id

    report = await profile(walk)
    assert kinds(report) == []
    assert reasons(report) == {"not N+1: pages: only the bound of posts.id changes"}


async def test_s3_a_keyset_walk_over_two_columns(profile: Profiler) -> None:
    def walk(session: Session) -> None:
        last = ("", 0)
        query = select(Post).order_by(Post.title, Post.id).limit(4)
        while found := session.scalars(query.where(tuple_(Post.title, Post.id) > last)).all():
            last = (found[-1].title, found[-1].id)

    report = await profile(walk)
    assert kinds(report) == []
    assert reasons(report) == {"not N+1: pages: only the bound of posts.title, posts.id changes"}


async def test_s3_chunks_of_an_in_list(profile: Profiler) -> None:
    def chunks(session: Session) -> None:
        for start in range(0, 90, 30):
            session.scalars(select(Post).where(Post.id.in_(range(start, start + 30)))).all()

    report = await profile(chunks)
    assert kinds(report) == []
    assert reasons(report) == {"not N+1: chunks of an IN list, 30 values each"}


async def test_s3_yield_per_with_selectinload(profile: Profiler) -> None:
    def stream(session: Session) -> None:
        query = select(User).options(selectinload(User.posts)).execution_options(yield_per=2)
        for user in session.scalars(query):
            len(user.posts)

    report = await profile(stream)
    assert report.query_count == 4
    assert kinds(report) == []


@pytest.mark.parametrize("driver", ["sqlite3", "psycopg"], indirect=True)
async def test_s6_two_relationships_to_one_table(profile: Profiler) -> None:
    def both(session: Session) -> None:
        session.add(Post(id=500, title="shared", author_id=1, updater_id=2))
        session.commit()
        post = session.get_one(Post, 500)
        _ = [getattr(post, name) for name in ("author", "updater")]

    assert kinds(await profile(both)) == []


async def test_s8_the_same_shape_on_two_engines(database: Database, profile: Profiler) -> None:
    others = [Database(database.driver, database.url) for _ in range(3)]

    async def endpoint() -> None:
        for number, other in enumerate(others, 1):
            await other.run(partial(get_user, number=number))

    report = await profile.endpoint(endpoint)
    for other in others:
        await other.dispose()
    assert report.query_count == 3
    assert kinds(report) == []


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
async def test_s8_one_statement_for_each_tenant(profile: Profiler) -> None:
    tenants = ("public", "north", "south")

    def all_tenants(session: Session) -> None:
        for number, tenant in enumerate(tenants):
            session.connection().exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {tenant}")
            session.connection().exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {tenant}.users (LIKE public.users)")
            options = {"schema_translate_map": {None: tenant}}
            session.connection().execution_options(**options)
            session.scalars(select(User.id).where(User.id == number), execution_options=options).all()

    report = await profile(all_tenants)
    assert "n_plus_one" not in [finding.kind for finding in report.findings if "SELECT" in finding.summary]


async def test_s9_a_retry_after_a_failure(database: Database, profile: Profiler) -> None:
    attempts: list[int] = []

    def attempt(session: Session) -> None:
        session.scalars(select(User).where(User.id == len(attempts) + 1)).all()
        attempts.append(1)
        if len(attempts) < 4:
            session.execute(text("SELECT nothing FROM nowhere"))

    def endpoint(session: Session) -> None:
        while True:
            try:
                return attempt(session)
            except DBAPIError:
                session.rollback()

    report = await profile(endpoint)
    assert "n_plus_one" not in kinds(report)
    assert "not N+1: a retry: the transactions before the last one failed" in reasons(report)


async def test_s9_a_poll_that_commits_between_reads(profile: Profiler) -> None:
    def poll(session: Session) -> None:
        for _ in range(4):
            session.scalars(select(User).where(User.id == 1)).all()
            session.commit()

    report = await profile(poll)
    assert kinds(report) == []
    assert reasons(report) == {"not N+1: the same values each time"}


@only_async
async def test_s10_gather_of_distinct_selects(database: Database, profile: Profiler) -> None:
    async def load(model: type[Any]) -> None:
        async with database.async_session() as session:
            await session.scalars(select(model))

    async def endpoint() -> None:
        await asyncio.gather(*(load(model) for model in (User, Post, Tag)))

    assert kinds(await profile.endpoint(endpoint)) == []


async def test_s11_targets_in_the_identity_map_and_null_keys(profile: Profiler) -> None:
    def known(session: Session) -> None:
        session.add_all([Post(title="orphan") for _ in range(3)])
        session.flush()
        users = session.scalars(select(User)).all()
        for post in session.scalars(select(Post)):
            assert post.author is None or post.author in users
        session.rollback()

    report = await profile(known)
    assert kinds(report) == []


async def test_s12_savepoints_are_not_the_applications_statements(profile: Profiler) -> None:
    def savepoints(session: Session) -> None:
        for number in range(1, 6):
            with session.begin_nested():
                session.add(Tag(id=100 + number, name="new"))

    report = await profile(savepoints)
    assert {row.operation for row in report.facts.statements} == {"INSERT"}


async def test_s13_a_websocket_that_answers_each_message_with_the_same_select(database: Database) -> None:
    reports: list[Report] = []
    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[reports.append], detectors=UNTIMED)

    @app.websocket("/")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        for _ in range(4):
            number = int(await socket.receive_text())
            await database.run(partial(get_user, number=number))
            await socket.send_text("done")
        await socket.close()
        await database.dispose()

    def converse() -> None:
        with TestClient(app) as client, client.websocket_connect("/") as socket:
            for number in range(1, 5):
                socket.send_text(str(number))
                socket.receive_text()

    await database.dispose()
    await asyncio.to_thread(converse)
    assert (only(reports).query_count, kinds(only(reports))) == (4, [])


async def test_rows_of_one_flush_are_one_piece_of_work(profile: Profiler) -> None:
    """A version counter makes some drivers update row by row."""

    def flush(session: Session) -> None:
        for versioned in session.scalars(select(Versioned)):
            versioned.name = "changed"
        session.commit()

    def prepare(session: Session) -> None:
        session.add_all([Versioned(id=number, name="old") for number in range(1, 6)])
        session.commit()

    await profile.database.run(prepare)
    report = await profile(flush)
    assert kinds(report) == []
