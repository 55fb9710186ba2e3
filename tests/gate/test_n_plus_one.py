"""What must be found: rows N of the gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.pool import NullPool

from query_guard import Finding, QueryGuard, Report
from query_guard.detectors.latent_n_plus_one import LatentNPlusOne
from query_guard.document.findings import finding_document, place_line
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, Database, Profiler
from tests.models import Base, Car, Comment, Node, Post, Tag, User, Vehicle
from tests.serving import only

pytestmark = pytest.mark.asyncio
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
only_sync = pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)


def relationships(report: Report) -> dict[str | None, str]:
    """Return the remedy for each relationship that was looped over."""
    return {finding.relationship: finding.remedy for finding in loops(report)}


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
            connection.execute(statement(number))  # type: ignore[operator]  # one of several kinds of functions

    finding = the_loop(await profile(core_loop), "core_loop")
    assert finding.count == 4


async def test_n3_two_levels_lazy_on_lazy(profile: Profiler) -> None:
    def nested(session: Session) -> None:
        for user in session.scalars(select(User)):
            for post in user.posts:
                len(post.comments)

    assert relationships(await profile(nested)) == {
        "User.posts": "selectinload(User.posts)",
        "Post.comments": "selectinload(User.posts).selectinload(Post.comments)",
    }


async def test_n3_the_outer_level_eager(profile: Profiler) -> None:
    def nested(session: Session) -> None:
        for user in session.scalars(select(User).options(selectinload(User.posts))):
            for post in user.posts:
                len(post.comments)

    assert relationships(await profile(nested)) == {
        "Post.comments": "selectinload(User.posts).selectinload(Post.comments)"
    }


async def test_n4_lazy_many_to_many(profile: Profiler) -> None:
    def tags(session: Session) -> None:
        for post in session.scalars(select(Post)):
            len(post.tags)

    assert relationships(await profile(tags)) == {"Post.tags": "selectinload(Post.tags)"}


async def test_n4_self_referential(profile: Profiler) -> None:
    def children(session: Session) -> None:
        for node in session.scalars(select(Node)):
            len(node.children)

    assert relationships(await profile(children)) == {"Node.children": "selectinload(Node.children)"}


@pytest.mark.parametrize("selected", [Car, Vehicle])
async def test_n4_joined_inheritance_names_the_declaring_class(profile: Profiler, selected: type[Base]) -> None:
    def parts(session: Session) -> None:
        for vehicle in session.scalars(select(selected)):
            len(vehicle.parts)  # type: ignore[attr-defined]  # only two subclasses have parts

    finding = the_loop(await profile(parts), "parts")
    assert finding.relationship == "Vehicle.parts"
    assert finding.remedy == f"selectinload({selected.__name__}.parts)"


def get_user(session: Session, number: int) -> User | None:
    return session.get(User, number)


class PostCrud:
    def get_by_user_id(self, session: Session, user_id: int) -> list[Post]:
        return list(session.scalars(select(Post).where(Post.author_id == user_id)))


async def test_n7b_the_filter_is_the_foreign_key_of_a_relationship(profile: Profiler) -> None:
    crud = PostCrud()

    def by_user(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            crud.get_by_user_id(session, user.id)

    finding = the_loop(await profile(by_user), "get_by_user_id")
    assert (finding.relationship, finding.remedy) == ("User.posts", "selectinload(User.posts)")
    assert "read .posts instead of this select" in finding.fix
    assert [frame.function for frame in finding.site.frames[:2]] == ["get_by_user_id", "by_user"]


@pytest.mark.parametrize("numbers", [range(1, 6), (1, 3, 4)], ids=["many", "three"])
async def test_n8_loop_of_gets(profile: Profiler, numbers: Any) -> None:
    def gets(session: Session) -> None:
        for number in numbers:
            session.get(User, number)

    finding = the_loop(await profile(gets), "gets")
    assert finding.remedy == "select(User).where(User.id.in_(values))"
    assert "load(" not in finding.fix


async def test_n10_an_in_list_that_grows(profile: Profiler) -> None:
    def growing(session: Session) -> None:
        numbers = []
        for number in range(1, 6):
            numbers.append(number)
            session.scalars(select(User).where(User.id.in_(numbers))).all()

    report = await profile(growing)
    assert the_loop(report, "growing").count == 5
    assert len({row.fingerprint for row in report.facts.statements}) == 1


async def test_n11_a_deferred_column(profile: Profiler) -> None:
    def biographies(session: Session) -> None:
        for user in session.scalars(select(User)):
            assert user.biography

    finding = the_loop(await profile(biographies), "biographies")
    assert finding.summary.startswith("The deferred User.biography was loaded 5 times")
    assert finding.remedy == "undefer(User.biography)"


async def test_n12_attributes_expired_by_a_commit(profile: Profiler) -> None:
    def expired(session: Session) -> None:
        users = session.scalars(select(User)).all()
        session.commit()
        for user in users:
            assert user.name

    finding = the_loop(await profile(expired), "expired")
    assert finding.summary.startswith("An expired User was read again 5 times")
    assert finding.remedy == "expire_on_commit=False"


async def test_n13_row_by_row_inserts(profile: Profiler) -> None:
    def inserts(session: Session) -> None:
        for number in range(3):
            session.add(Tag(name=f"new {number}", id=100 + number))
            session.flush()

    assert the_loop(await profile(inserts), "inserts").remedy == "session.add_all(objects)"


async def test_n13_row_by_row_updates(profile: Profiler) -> None:
    def updates(session: Session) -> None:
        for number in range(1, 4):
            session.execute(update(Tag).where(Tag.id == number).values(name=f"new {number}"))

    assert the_loop(await profile(updates), "updates").remedy == "session.execute(update(Tag), rows)"


async def test_n13_row_by_row_deletes(profile: Profiler) -> None:
    def deletes(session: Session) -> None:
        for number in range(1, 4):
            session.execute(delete(Comment).where(Comment.id == number))

    assert the_loop(await profile(deletes), "deletes").remedy == (
        "session.execute(delete(Comment).where(Comment.id.in_(values)))"
    )


class PostOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    posts: list[PostOut]


@only_sync
async def test_n14_lazy_load_while_fastapi_serialises(database: Database, profile: Profiler) -> None:
    def session() -> Iterator[Session]:
        with database.session() as session:
            yield session

    def list_users(session: Any = Depends(session)) -> Any:
        return session.scalars(select(User)).all()

    report = await profile.endpoint(list_users, route={"response_model": list[UserOut]})
    (finding,) = loops(report)
    assert (finding.relationship, finding.phase) == ("User.posts", "serialization")
    begin = list_users.__code__
    assert finding_document(finding)["function"] == "list_users"
    assert (finding.place.rpartition("/")[2], finding.endpoint) == (
        f"test_n_plus_one.py:{begin.co_firstlineno}",
        "list_users",
    )
    assert f"/test_n_plus_one.py:{begin.co_firstlineno} in list_users, during serialization" in place_line(finding)
    assert finding.remedy == "selectinload(User.posts)"


async def test_n15_interleaved(profile: Profiler) -> None:
    def interleaved(session: Session) -> None:
        for post in session.scalars(select(Post)):
            len(post.comments)
            len(post.tags)
            session.get(Node, post.id % 7 + 1)

    report = await profile(interleaved)
    assert sorted(str(finding.relationship) for finding in loops(report)) == ["None", "Post.comments", "Post.tags"]


async def test_n16_recursion_over_a_tree(profile: Profiler) -> None:
    def walk(node: Node) -> int:
        return 1 + sum(walk(child) for child in node.children)

    def tree(session: Session, *options: Any) -> None:
        assert walk(session.get_one(Node, 1, options=options)) == 7

    before = await profile(tree)
    (finding,) = loops(before)
    assert (finding.relationship, finding.remedy) == (
        "Node.children",
        "selectinload(Node.children, recursion_depth=-1)",
    )
    assert (before.query_count, finding.saved_statements) == (8, 4)
    after = await profile(lambda session: tree(session, selectinload(Node.children, recursion_depth=-1)))
    assert (after.query_count, loops(after)) == (4, [])


def load_posts(session: Session) -> None:
    for user in session.scalars(select(User)):
        len(user.posts)


async def test_n17_in_a_background_task(database: Database, profile: Profiler) -> None:
    def sync_work() -> None:
        with database.session() as session:
            load_posts(session)

    async def async_work() -> None:
        await database.run(load_posts)

    def endpoint(background: BackgroundTasks) -> None:
        background.add_task(async_work if database.is_async else sync_work)

    (finding,) = loops(await profile.endpoint(endpoint))
    assert finding.phase == "background"


async def test_n17_in_a_streaming_body(database: Database, profile: Profiler) -> None:
    def sync_body() -> Iterator[str]:
        with database.session() as session:
            load_posts(session)
            yield "x"

    async def async_body() -> AsyncIterator[str]:
        await database.run(load_posts)
        yield "x"

    def endpoint() -> StreamingResponse:
        return StreamingResponse(async_body() if database.is_async else sync_body())

    (finding,) = loops(await profile.endpoint(endpoint))
    assert finding.phase == "streaming"


async def test_n17_in_the_exit_of_a_yield_dependency(database: Database, profile: Profiler) -> None:
    def sync_exit() -> Iterator[None]:
        yield
        with database.session() as session:
            load_posts(session)

    async def async_exit() -> AsyncIterator[None]:
        yield
        await database.run(load_posts)

    dependency = async_exit if database.is_async else sync_exit
    report = await profile.endpoint(lambda: None, route={"dependencies": [Depends(dependency)]})
    (finding,) = loops(report)
    assert finding.phase == "teardown"


async def test_n17_in_a_websocket_handler(database: Database) -> None:
    reports: list[Report] = []
    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[reports.append])

    @app.websocket("/")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()
        await database.run(load_posts)
        await socket.close()
        await database.dispose()

    def converse() -> None:
        with TestClient(app) as client, client.websocket_connect("/") as socket:
            socket.send_text("go")
            socket.receive()

    await database.dispose()
    await asyncio.to_thread(converse)
    (finding,) = loops(only(reports))
    assert finding.relationship == "User.posts"
    assert finding.phase in ("endpoint", "task")


@only_async
async def test_n18_gather_of_the_same_select(database: Database, profile: Profiler) -> None:
    async def load(number: int) -> None:
        async with database.async_session() as session:
            await session.scalar(select(User).where(User.id == number))

    async def endpoint() -> None:
        await asyncio.gather(*(load(number) for number in range(1, 5)))

    (finding,) = loops(await profile.endpoint(endpoint))
    assert "fanned out over 4 tasks and 4 connections" in finding.summary


@only_async
async def test_n18_tasks_one_after_the_other_fan_out_over_nothing(database: Database, profile: Profiler) -> None:
    new_connections = Database(database.driver, database.url, poolclass=NullPool)

    async def load(number: int) -> None:
        async with new_connections.async_session() as session:
            await session.scalar(select(User).where(User.id == number))

    async def endpoint() -> None:
        for number in range(1, 5):
            await asyncio.create_task(load(number))

    (finding,) = loops(await profile.endpoint(endpoint))
    assert "once for each object of a loop" in finding.summary


async def test_n19_many_short_sessions(database: Database, profile: Profiler) -> None:
    async def endpoint() -> None:
        for number in range(1, 5):
            await database.run(partial(get_user, number=number))

    (finding,) = loops(await profile.endpoint(endpoint))
    assert finding.count == 4


async def test_n20_the_endpoint_raises_after_the_loop(profile: Profiler) -> None:
    def failing(session: Session) -> None:
        load_posts(session)
        raise ValueError("the application's own")

    report = await profile(failing)
    assert report.request.status == 500
    assert len(loops(report)) == 1


async def test_n21_a_refresh_in_a_loop(profile: Profiler) -> None:
    def refreshes(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            session.refresh(user)

    finding = the_loop(await profile(refreshes), "refreshes")
    assert finding.summary.startswith("User was refreshed 5 times")


async def test_n21_a_selectinload_for_each_object(profile: Profiler) -> None:
    def one_by_one(session: Session) -> None:
        for number in range(1, 5):
            session.scalars(select(User).where(User.id == number).options(selectinload(User.posts))).one()

    assert {finding.count for finding in loops(await profile(one_by_one))} == {4}


async def test_n22_one_parent_of_a_query_that_could_return_many(profile: Profiler) -> None:
    def one_today(session: Session) -> None:
        for user in session.scalars(select(User).where(User.name == "user 1")):
            len(user.posts)

    assert (await profile(one_today)).findings == ()
    (finding,) = (await profile(one_today, detectors=[LatentNPlusOne()])).findings
    assert (finding.relationship, finding.remedy) == ("User.posts", "selectinload(User.posts)")


async def test_n22_silent_for_queries_that_find_one(profile: Profiler) -> None:
    def one_always(session: Session) -> None:
        len(session.get_one(User, 1).posts)
        len(session.scalars(select(User).where(User.id == 2)).one().posts)
        len(session.scalars(select(User).order_by(User.name.desc()).limit(1)).one().posts)

    assert (await profile(one_always, detectors=[LatentNPlusOne()])).findings == ()
