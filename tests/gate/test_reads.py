"""What is loaded and never read, or only counted: row D21 of the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy
from fastapi import FastAPI, HTTPException
from sqlalchemy import delete, orm, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    contains_eager,
    joinedload,
    lazyload,
    relationship,
    selectinload,
    subqueryload,
)

from query_guard import Finding, QueryGuard, allow
from query_guard.testing import Recording, assert_no_findings, record_queries
from tests import models
from tests.databases import UNTIMED, Database
from tests.models import Car, Comment, Node, Post, User

pytestmark = pytest.mark.asyncio
only_servers = pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)

NAMES = {**vars(sqlalchemy), **vars(orm), **vars(models)}
ALIAS = aliased(User)
UNUSED, COUNTED = "unused_eager_load", "counted_collection"


def findings(recording: Recording, *kinds: str) -> list[Finding]:
    return [finding for finding in recording.findings if finding.kind in (kinds or (UNUSED, COUNTED))]


async def found(database: Database, body: Callable[[Session], object], *kinds: str) -> list[Finding]:
    with record_queries(reads=True) as recording:
        await database.run(body)
    return findings(recording, *kinds)


def users(session: Session, *options: Any) -> list[User]:
    return list(session.scalars(select(User).order_by(User.id).options(*options)).unique())


def posts(session: Session, *options: Any) -> list[Post]:
    return list(session.scalars(select(Post).options(*options)).unique())


@pytest.mark.parametrize("option", [selectinload, subqueryload], ids=["selectinload", "subqueryload"])
async def test_d21_a_collection_that_nobody_reads(database: Database, option: Callable[..., Any]) -> None:
    def names(session: Session) -> list[str]:
        query = select(User).options(option(User.posts))
        return [user.name for user in session.scalars(query)]

    (finding,) = await found(database, names)
    frame = finding.site.innermost
    assert frame is not None
    assert (finding.kind, finding.severity, finding.relationship) == (UNUSED, "warning", "User.posts")
    assert (frame.function, finding.count, finding.saved_statements) == ("names", 1, 1)
    assert finding.fix == f"Remove {option.__name__}(User.posts) from the select at {finding.place}"


async def test_a_single_object_that_nobody_reads(database: Database) -> None:
    (finding,) = await found(database, lambda session: posts(session, selectinload(Post.author)))
    assert (finding.kind, finding.relationship) == (UNUSED, "Post.author")


@pytest.mark.parametrize(
    ("load", "relationship"), [(User.posts, "User.posts"), (Post.author, "Post.author")], ids=["many", "one"]
)
async def test_a_join_that_nobody_reads(database: Database, load: Any, relationship: str) -> None:
    query = select(load.class_).options(joinedload(load))
    (finding,) = await found(database, lambda session: session.scalars(query).unique().all())
    assert (finding.relationship, finding.saved_statements) == (relationship, 0)
    assert finding.fix.startswith(f"Remove joinedload({relationship}) from the select at ")


@pytest.mark.parametrize("driver", ["sqlite3", "aiosqlite"], indirect=True)
async def test_a_join_is_left_alone_where_the_number_of_rows_is_not_known(database: Database) -> None:
    query = select(Post).options(joinedload(Post.author)).execution_options(yield_per=4)
    assert await found(database, lambda session: list(session.scalars(query))) == []


async def test_a_join_that_brought_nothing_is_left_alone(database: Database) -> None:
    query = select(Post).where(Post.id < 0).options(joinedload(Post.author))
    assert await found(database, lambda session: list(session.scalars(query))) == []


async def test_a_join_below_a_select(database: Database) -> None:
    def first_step(session: Session) -> None:
        for user in users(session, selectinload(User.posts).joinedload(Post.updater)):
            assert [post.title for post in user.posts]

    (finding,) = await found(database, first_step)
    assert (finding.kind, finding.relationship) == (UNUSED, "Post.updater")
    assert finding.fix == f"Remove joinedload(Post.updater) from the select at {finding.place}"


async def test_of_a_path_that_nobody_follows_the_first_step_is_named(database: Database) -> None:
    (finding,) = await found(
        database, lambda session: users(session, selectinload(User.posts).selectinload(Post.comments))
    )
    assert (finding.relationship, finding.saved_statements) == ("User.posts", 2)


class Eager(DeclarativeBase):
    """Mappings of the same tables that load ahead without being asked to."""


class Writer(Eager):
    __table__ = User.__table__
    works: Mapped[list[Work]] = relationship(foreign_keys=Post.__table__.c.author_id, lazy="selectin", viewonly=True)


class Work(Eager):
    __table__ = Post.__table__
    remarks: Mapped[list[Remark]] = relationship(lazy="joined", viewonly=True)


class Remark(Eager):
    __table__ = Comment.__table__


WRITER = aliased(Writer)
BY_MAPPING = {
    "first step": (Writer, [], lambda _: None, 1),
    "aliased": (WRITER, [], lambda _: None, 1),
    "second step": (Writer, [], lambda writer: writer.works, 0),
    "joined": (Work, [], lambda _: None, 0),
    "below a lazy load": (Writer, [lazyload(Writer.works)], lambda writer: writer.works, 0),
}


@only_servers
@pytest.mark.parametrize(("entity", "options", "read", "saved"), BY_MAPPING.values(), ids=BY_MAPPING.keys())
async def test_the_option_mends_what_the_mapping_asks_for(
    database: Database, entity: Any, options: list[Any], read: Callable[[Any], Any], saved: int
) -> None:
    def body(session: Session, *more: Any) -> None:
        for row in session.scalars(select(entity).options(*options, *more)).unique():
            read(row)

    with record_queries(reads=True) as before:
        await database.run(body)
    (finding,) = findings(before)
    assert f".options({finding.remedy})" in finding.fix
    remedy = eval(finding.remedy, {**NAMES, **globals(), "alias": WRITER})
    with record_queries(reads=True) as after:
        await database.run(lambda session: body(session, remedy))
    assert findings(after) == []
    assert finding.saved_statements == saved
    assert after.query_count == before.query_count - saved


@pytest.mark.parametrize(
    ("entity", "load", "name"),
    [
        (ALIAS, ALIAS.posts, "alias.posts"),
        (Car, Car.parts, "Car.parts"),
        (Node, Node.children, "Node.children"),
        (Post, Post.tags, "Post.tags"),
    ],
    ids=["aliased", "inherited", "self-referential", "many-to-many"],
)
async def test_the_option_to_remove_is_named_as_it_was_written(
    database: Database, entity: Any, load: Any, name: str
) -> None:
    (finding,) = await found(
        database, lambda session: session.scalars(select(entity).options(selectinload(load))).all()
    )
    assert finding.fix.startswith(f"Remove selectinload({name}) from the select at ")


QUIET: dict[str, Callable[[Session], object]] = {
    "read on each object": lambda session: [list(user.posts) for user in users(session, selectinload(User.posts))],
    "read on one object": lambda session: bool(users(session, selectinload(User.posts))[0].posts),
    "read through a proxy": lambda session: list(users(session, selectinload(User.posts))[0].titles),
    "joined and read": lambda session: bool(users(session, joinedload(User.posts))[0].posts),
    "a later step of the path was read": lambda session: (
        users(session, selectinload(User.posts).selectinload(Post.comments)),
        posts(session)[0].comments[:],
    ),
    "no parents": lambda session: (
        session.scalars(
            select(User).where(User.id == 0).options(selectinload(User.posts), joinedload(User.posts, Post.author))
        )
        .unique()
        .all()
    ),
    "joined by the application": lambda session: (
        session.scalars(select(User).join(User.posts).options(contains_eager(User.posts))).unique().all()
    ),
    "loaded lazily": lambda session: bool(users(session)[0].posts),
}


@pytest.mark.parametrize("body", QUIET.values(), ids=QUIET.keys())
async def test_d21_silence(database: Database, body: Callable[[Session], object]) -> None:
    assert await found(database, body) == []


@only_servers
async def test_d21_silence_when_nothing_was_related(database: Database) -> None:
    def lonely(session: Session) -> None:
        session.execute(update(Post).values(author_id=None))
        users(session, selectinload(User.posts))

    assert await found(database, lonely) == []


async def test_d21_silence_when_a_statement_failed(database: Database) -> None:
    def failing(session: Session) -> None:
        users(session, selectinload(User.posts))
        with pytest.raises(DBAPIError):
            session.execute(text("SELECT nothing FROM nowhere"))

    assert await found(database, failing) == []


async def test_silence_when_reads_are_not_noted(database: Database) -> None:
    with record_queries() as recording:
        await database.run(lambda session: users(session, selectinload(User.posts)))
    assert recording.report.facts.notes_reads is False
    assert findings(recording) == []


async def test_each_select_that_loads_for_nothing_is_named(database: Database) -> None:
    def twice(session: Session) -> None:
        session.scalars(select(User).options(selectinload(User.posts))).all()
        session.expunge_all()
        session.scalars(select(User).options(selectinload(User.posts))).all()

    one, other = await found(database, twice)
    assert one.place != other.place


@contextmanager
def application(database: Database, endpoint: Callable[[Session], Any], *, guarded: bool) -> Iterator[FastAPI]:
    app = FastAPI()

    @app.get("/")
    async def answer() -> Any:
        return await database.run(endpoint)

    if guarded:
        app.add_middleware(QueryGuard, reporters=[], detectors=UNTIMED)
    yield app


async def requested(database: Database, endpoint: Callable[[Session], Any], *, guarded: bool) -> Recording:
    with record_queries(reads=True) as recording, application(database, endpoint, guarded=guarded) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.get("/")
    return recording


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "unguarded"])
async def test_a_request_is_judged_by_the_reads_of_the_test(database: Database, guarded: bool) -> None:
    def unread(session: Session) -> list[str]:
        return [user.name for user in users(session, selectinload(User.posts))]

    def read(session: Session) -> list[int]:
        return [post.id for user in users(session, selectinload(User.posts)) for post in user.posts]

    (finding,) = findings(await requested(database, unread, guarded=guarded))
    assert (finding.kind, finding.relationship) == (UNUSED, "User.posts")
    assert findings(await requested(database, read, guarded=guarded)) == []


@pytest.mark.parametrize(("status", "judged"), [(499, 1), (500, 0)])
async def test_a_request_that_ended_in_a_server_error_is_not_judged(
    database: Database, status: int, judged: int
) -> None:
    def broken(session: Session) -> None:
        users(session, selectinload(User.posts))
        raise HTTPException(status, "so it ended")  # old releases know no words of their own for 499

    assert len(findings(await requested(database, broken, guarded=True))) == judged


async def test_one_request_that_failed_does_not_silence_another(database: Database) -> None:
    def failing(session: Session) -> None:
        session.execute(text("SELECT nothing FROM nowhere"))

    with record_queries(reads=True) as recording:
        await requested(database, failing, guarded=True)
        await requested(database, lambda session: bool(users(session, selectinload(User.posts))), guarded=True)
    assert [finding.relationship for finding in findings(recording)] == ["User.posts"]


def count_lazily(session: Session) -> dict[int, int]:
    return {user.id: len(user.posts) for user in users(session)}


def count_ahead(session: Session) -> dict[int, int]:
    return {user.id: len(user.posts) for user in users(session, selectinload(User.posts))}


def count_joined(session: Session) -> dict[int, int]:
    return {user.id: len(user.posts) for user in users(session, joinedload(User.posts))}


@pytest.mark.parametrize(("count", "saved"), [(count_lazily, 4), (count_ahead, 0), (count_joined, 0)])
async def test_a_collection_that_is_only_counted(database: Database, count: Callable[..., Any], saved: int) -> None:
    (finding,) = await found(database, count)
    frame = finding.site.innermost
    assert frame is not None
    assert (finding.kind, finding.severity, finding.relationship) == (COUNTED, "warning", "User.posts")
    assert (frame.function, finding.count, finding.saved_statements) == (count.__name__, 5, saved)
    assert finding.fix.endswith(finding.remedy)


async def test_the_count_in_sql_says_the_same(database: Database) -> None:
    (finding,) = await found(database, count_lazily)

    def in_sql(session: Session) -> dict[int, int]:
        query = eval(finding.remedy, {**NAMES, "values": range(1, 6)})
        return {key: count for key, count in session.execute(query)}  # noqa: C416

    assert await database.run(in_sql) == await database.run(count_lazily)
    assert await found(database, in_sql) == []


async def test_no_code_is_promised_where_a_table_stands_in_between(database: Database) -> None:
    (finding,) = await found(database, lambda session: [len(post.tags) for post in posts(session)])
    assert (finding.kind, finding.relationship, finding.remedy) == (COUNTED, "Post.tags", "")
    assert "column_property of Post" in finding.fix


async def test_one_other_read_needs_the_objects(database: Database) -> None:
    def count_and_use(session: Session) -> None:
        for user in users(session, selectinload(User.posts)):
            if len(user.posts) > 2:
                list(user.posts)

    assert await found(database, count_and_use) == []


async def test_what_was_never_loaded_is_not_counted(database: Database) -> None:
    def pending(session: Session) -> int:
        session.execute(delete(Comment))
        return len(Post(title="new", comments=[Comment(text="first"), Comment(text="second")]).comments)

    assert await found(database, pending) == []


async def test_it_can_be_allowed(database: Database) -> None:
    with record_queries(reads=True) as recording, allow("User.posts"):
        await database.run(lambda session: users(session, selectinload(User.posts)))
    assert findings(recording) == []
    assert [silence.reason for silence in recording.report.silences if silence.kind == UNUSED] == [
        "unused_eager_load is allowed by 'User.posts'"
    ]


async def test_the_assertion_names_the_fix(database: Database) -> None:
    with pytest.raises(AssertionError, match="unused_eager_load: User.posts was loaded ahead and never read"):
        with assert_no_findings(reads=True):
            await database.run(lambda session: users(session, selectinload(User.posts)))
    with assert_no_findings():
        await database.run(lambda session: users(session, selectinload(User.posts)))
