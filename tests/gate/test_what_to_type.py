"""What a finding says to type: at the select that loaded the objects, and only where it asks the same question."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    defer,
    joinedload,
    lazyload,
    load_only,
    selectinload,
    subqueryload,
    with_loader_criteria,
)

from query_guard import Finding, Report
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, Database, Profiler
from tests.models import Car, Comment, Node, Post, Tag, User, Vehicle, Versioned

pytestmark = pytest.mark.asyncio
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
only_sync = pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
only_sqlite = pytest.mark.parametrize("driver", ["sqlite3"], indirect=True)


def the_loop(report: Report) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.kind == "n_plus_one"]
    return finding


def line_of(function: Callable[..., Any], offset: int = 1) -> tuple[str, int]:
    return ("tests/gate/test_what_to_type.py", function.__code__.co_firstlineno + offset)


def then_one_is_got(session: Session) -> None:
    users = session.scalars(select(User).where(User.id < 5)).all()
    session.get(User, 5)
    assert [len(user.posts) for user in users]


def then_one_is_looked_up(session: Session) -> None:
    users = session.scalars(select(User).where(User.id < 5)).all()
    session.scalar(select(User).where(User.name == "nobody"))
    assert [len(user.posts) for user in users]


def then_keys_are_selected(session: Session) -> None:
    users = session.scalars(select(User).where(User.id < 5)).all()
    session.scalars(select(User.id)).all()
    assert [len(user.posts) for user in users]


def then_all_are_counted(session: Session) -> None:
    users = session.scalars(select(User).limit(4)).all()
    session.scalar(select(func.count(User.id)))
    assert [len(user.posts) for user in users]


def then_another_list_is_selected(session: Session) -> None:
    users = session.scalars(select(User).where(User.id < 4)).all()
    others = session.scalars(select(User).where(User.id > 3)).all()
    assert [len(user.posts) for user in users]
    assert others


def then_one_comes_by_a_relationship(session: Session) -> None:
    users = session.scalars(select(User).where(User.id < 5)).all()
    assert session.scalars(select(Post).order_by(Post.id.desc()).limit(1)).one().author is not None
    assert [len(user.posts) for user in users]


@pytest.mark.parametrize(
    "work",
    [
        then_one_is_got,
        then_one_is_looked_up,
        then_keys_are_selected,
        then_all_are_counted,
        then_another_list_is_selected,
        then_one_comes_by_a_relationship,
    ],
)
async def test_f1_the_select_that_loaded_the_objects_is_named(
    profile: Profiler, work: Callable[[Session], None]
) -> None:
    finding = the_loop(await profile(work))
    assert (finding.remedy, finding.edit) == ("selectinload(User.posts)", line_of(work))


async def test_f1_also_where_the_current_user_is_one_of_them(profile: Profiler) -> None:
    def work(session: Session) -> None:
        me = session.get(User, 1)
        users = session.scalars(select(User)).all()
        assert [len(user.posts) for user in users]
        assert me is not None

    finding = the_loop(await profile(work))
    assert (finding.edit, finding.saved_statements) == (line_of(work, 2), 4)


async def test_f1_of_two_lists_that_are_walked_as_one_both_are_named(profile: Profiler) -> None:
    def work(session: Session) -> None:
        some = session.scalars(select(User).where(User.id < 3)).all()
        others = session.scalars(select(User).where(User.id > 2)).all()
        assert [len(user.posts) for user in (*some, *others)]

    finding = the_loop(await profile(work))
    (file, first), (_, second) = line_of(work), line_of(work, 2)
    assert finding.fix == (
        f"Add .options(selectinload(User.posts)) to the select at {file}:{first} and the select at {file}:{second}"
    )
    assert (finding.edit, finding.saved_statements) == (None, 0)


async def test_f1_no_line_where_no_select_brought_them(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.scalars(select(User).where(User.id == 1)).one()
        for number in session.execute(text("SELECT id FROM users WHERE id > 2")).scalars().all():
            session.scalars(select(Post).where(Post.author_id == number)).all()

    finding = the_loop(await profile(work))
    assert (finding.remedy, finding.edit) == ("select(Post).where(Post.author_id.in_(values))", None)
    assert "options" not in finding.fix


async def test_f1_of_two_selects_that_may_be_walked_by_hand_both_are_named(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.scalars(select(User)).all()
        users = session.scalars(select(User).order_by(User.name)).all()
        for user in users:
            session.scalars(select(Post).where(Post.author_id == user.id)).all()

    finding = the_loop(await profile(work))
    (file, first), (_, second) = line_of(work), line_of(work, 2)
    assert f"the select at {file}:{first} or the select at {file}:{second}" in finding.fix
    assert finding.edit is None


CRITERIA = with_loader_criteria(Post, Post.id > 0)


def add_criteria(executing: ORMExecuteState) -> None:
    executing.statement = executing.statement.options(CRITERIA)


async def test_criteria_that_only_the_select_of_the_loop_has_are_kept(profile: Profiler) -> None:
    def work(session: Session) -> None:
        numbers = session.scalars(select(User.id).limit(3)).all()
        for number in numbers:
            session.scalars(select(Post).where(Post.author_id == number).options(CRITERIA)).all()

    finding = the_loop(await profile(work))
    assert finding.remedy == ""
    assert "Post.author_id.in_(values) in the place of Post.author_id == ..., and keep its criteria" in finding.fix


async def test_a_get_takes_the_criteria_of_its_session(profile: Profiler) -> None:
    def work(session: Session) -> None:
        event.listen(session, "do_orm_execute", add_criteria)
        for number in (1, 2, 3):
            session.get(Post, number)

    assert the_loop(await profile(work)).remedy == "select(Post).where(Post.id.in_(values))"


async def test_criteria_that_the_session_adds_to_each_select_need_no_mention(profile: Profiler) -> None:
    def work(session: Session) -> None:
        event.listen(session, "do_orm_execute", add_criteria)
        numbers = session.scalars(select(User.id).limit(3)).all()
        for number in numbers:
            session.scalars(select(Post).where(Post.author_id == number)).all()

    finding = the_loop(await profile(work))
    assert finding.remedy == "select(Post).where(Post.author_id.in_(values))"


QUESTIONS: dict[str, tuple[Callable[[Session, int], Any], str, str]] = {
    "a filter on a joined table": (
        lambda session, n: session.scalars(select(Post).join(Post.author).where(User.id == n)).all(),
        "",
        "User.id.in_(values) in the place of User.id == ..., and keep its JOIN",
    ),
    "FOR UPDATE": (
        lambda session, n: session.scalars(select(Post).where(Post.author_id == n).with_for_update()).all(),
        "select(Post).where(Post.author_id.in_(values)).order_by(Post.author_id).with_for_update()",
        "",
    ),
    "SKIP LOCKED": (
        lambda session, n: session.scalars(
            select(Post).where(Post.author_id == n).with_for_update(skip_locked=True)
        ).all(),
        "select(Post).where(Post.author_id.in_(values)).order_by(Post.author_id).with_for_update(skip_locked=True)",
        "",
    ),
    "get FOR UPDATE": (
        lambda session, n: session.get(User, n, with_for_update=True),
        "select(User).where(User.id.in_(values)).order_by(User.id).with_for_update()",
        "",
    ),
    "options": (
        lambda session, n: session.scalars(
            select(User).where(User.id == n).options(load_only(User.name)).execution_options(populate_existing=True)
        ).all(),
        "",
        "User.id.in_(values) in the place of User.id == ..., and keep its populate_existing and options",
    ),
    "populate_existing": (
        lambda session, n: session.scalars(
            select(User).where(User.id == n).execution_options(populate_existing=True).order_by(User.name)
        ).all(),
        "",
        "User.id.in_(values) in the place of User.id == ..., and keep its populate_existing",
    ),
    "LIMIT": (
        lambda session, n: session.scalars(select(Post).where(Post.author_id == n).limit(1)).all(),
        "",
        "func.row_number().over(...) partitioned by Post.author_id",
    ),
    "first of a key": (
        lambda session, n: session.query(User).filter_by(id=n).first(),
        "select(User).where(User.id.in_(values))",
        "",
    ),
    "OFFSET": (
        lambda session, n: session.scalars(select(Post).order_by(Post.id).limit(1).offset(n)).all(),
        "",
        "Only the OFFSET changes: read that list once, with one select at tests/gate/test_what_to_type.py:",
    ),
    "DISTINCT": (
        lambda session, n: session.scalars(select(Post.title).where(Post.author_id == n).distinct()).all(),
        "",
        "and keep its DISTINCT",
    ),
    "columns": (
        lambda session, n: session.execute(select(Post.title).where(Post.author_id == n)).all(),
        "select(Post.author_id, Post.title).where(Post.author_id.in_(values))",
        "with the key to tell them by",
    ),
    "another condition": (
        lambda session, n: session.scalars(select(Post).where(Post.author_id == n, Post.id > 1)).all(),
        "",
        "send one statement for all of them",
    ),
    "an update by another key": (
        lambda session, n: session.execute(update(Post).where(Post.author_id == n).values(title="x")),
        "",
        "Post.author_id.in_(values) in the place of Post.author_id == ..., where all get the same values",
    ),
    "an update by an expression": (
        lambda session, n: session.execute(update(Post).where(Post.id == n).values(title=Post.title + "x")),
        "",
        "and keep the expressions in SET",
    ),
    "an update under a guard": (
        lambda session, n: session.execute(
            update(Versioned).where(Versioned.id == n, Versioned.version < n + 1).values(name="y")
        ),
        "",
        "its other conditions with it",
    ),
}


@pytest.mark.parametrize(("send", "code", "words"), QUESTIONS.values(), ids=QUESTIONS.keys())
async def test_f2_the_question_and_its_lock_are_kept(
    profile: Profiler, send: Callable[[Session, int], Any], code: str, words: str
) -> None:
    def work(session: Session) -> None:
        if "guard" in words or "conditions" in words:
            session.add_all(Versioned(id=number, name="x", version=1) for number in (1, 2, 3))
            session.flush()
        for number in (1, 2, 3):
            send(session, number)

    finding = the_loop(await profile(work))
    assert finding.remedy == code
    assert words in finding.fix


async def test_f2_an_upsert_keeps_its_on_conflict(database: Database, profile: Profiler) -> None:
    upsert = (postgresql if database.is_server else sqlite).insert

    def work(session: Session) -> None:
        for number in (1, 2, 3):
            statement = upsert(Tag).values(id=number, name="x")
            session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"name": "x"}))

    finding = the_loop(await profile(work))
    assert finding.remedy == ""
    assert "keep the ON CONFLICT, set_ reading stmt.excluded" in finding.fix


async def test_f2_an_insert_keeps_its_returning(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for number in (101, 102, 103):
            session.execute(insert(Tag).values(id=number, name="x").returning(Tag.id)).all()

    finding = the_loop(await profile(work))
    assert (finding.remedy, "keep the RETURNING" in finding.fix) == ("", True)


@pytest.mark.parametrize("aggregate", ["func.count(Post.id)", "func.sum(Post.id)", "func.max(Post.id)", "func.count()"])
async def test_f3_an_aggregate_for_each_parent_is_grouped(profile: Profiler, aggregate: str) -> None:
    def work(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            session.scalar(select(eval(aggregate)).select_from(Post).where(Post.author_id == user.id))

    finding = the_loop(await profile(work))
    assert finding.remedy == (
        f"select(Post.author_id, {aggregate}).where(Post.author_id.in_(values)).group_by(Post.author_id)"
    )
    assert "load(" not in finding.fix


async def test_f3_its_own_groups_are_kept(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            session.execute(
                select(Post.title, func.count()).where(Post.author_id == user.id).group_by(Post.title)
            ).all()

    assert the_loop(await profile(work)).remedy == (
        "select(Post.author_id, Post.title, func.count()).where(Post.author_id.in_(values))"
        ".group_by(Post.author_id, Post.title)"
    )


def walk(node: Node) -> int:
    return 1 + sum(walk(child) for child in node.children)


async def test_f4_a_tree_from_a_select(profile: Profiler) -> None:
    def tree(session: Session, *options: Any) -> None:
        assert walk(session.scalars(select(Node).where(Node.id == 1).options(*options)).one()) == 7

    before = await profile(tree)
    finding = the_loop(before)
    assert (finding.remedy, finding.edit) == ("selectinload(Node.children, recursion_depth=-1)", line_of(tree))
    after = await profile(lambda session: tree(session, selectinload(Node.children, recursion_depth=-1)))
    assert (after.findings, after.query_count) == ((), before.query_count - finding.saved_statements)


async def test_f4_a_tree_that_is_not_walked_to_its_end_promises_no_number(profile: Profiler) -> None:
    def first_of_each(node: Node) -> None:
        for child in node.children[:1]:
            first_of_each(child)

    def tree(session: Session) -> None:
        first_of_each(session.get_one(Node, 1))

    assert the_loop(await profile(tree)).saved_statements == 0


OPTIONS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], str]] = {
    "a joinedload that is there": (
        lambda: select(User).options(joinedload(User.posts)),
        lambda user: [len(post.comments) for post in user.posts],
        "joinedload(User.posts).selectinload(Post.comments)",
    ),
    "a subqueryload that is there": (
        lambda: select(User).options(subqueryload(User.posts)),
        lambda user: [len(post.comments) for post in user.posts],
        "subqueryload(User.posts).selectinload(Post.comments)",
    ),
    "many-to-one under FOR UPDATE": (
        lambda: select(Post).with_for_update(),
        lambda post: post.author,
        "selectinload(Post.author)",
    ),
    "many-to-one of a given text": (
        lambda: select(Post).from_statement(text("SELECT * FROM posts")),
        lambda post: post.author,
        "selectinload(Post.author)",
    ),
    "a base's relationship": (lambda: select(Car), lambda car: len(car.parts), "selectinload(Car.parts)"),
}


@pytest.mark.parametrize(("query", "touch", "remedy"), OPTIONS.values(), ids=OPTIONS.keys())
async def test_f5_the_option_is_one_that_the_query_takes(
    profile: Profiler, query: Callable[[], Any], touch: Callable[[Any], Any], remedy: str
) -> None:
    def work(session: Session, *options: Any) -> None:
        for row in session.scalars(query().options(*options)).unique():
            touch(row)

    before = await profile(work)
    finding = the_loop(before)
    assert finding.remedy == remedy
    names = {**globals(), "joinedload": joinedload, "subqueryload": subqueryload}
    after = await profile(lambda session: work(session, eval(remedy, names)))
    assert after.query_count == before.query_count - finding.saved_statements
    assert after.findings == ()


async def test_f5_an_option_that_stands_against_it_is_named(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for post in session.scalars(select(Post).options(lazyload(Post.comments))):
            len(post.comments)

    file, line = line_of(work)
    assert the_loop(await profile(work)).fix == (
        f"Remove lazyload(Post.comments) from the select at {file}:{line}, and load it there with selectinload()"
    )


async def test_f5_a_column_that_the_query_defers(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for post in session.scalars(select(Post).options(defer(Post.title))):
            assert post.title

    finding = the_loop(await profile(work))
    file, line = line_of(work)
    assert finding.fix == f"Remove defer(Post.title) from the select at {file}:{line}"


async def read_again(profile: Profiler, between: Callable[[Session], None]) -> Finding:
    def work(session: Session) -> None:
        users = session.scalars(select(User)).all()
        between(session)
        assert all(user.name for user in users)

    return the_loop(await profile(work))


async def test_f6_expired_by_a_commit(profile: Profiler) -> None:
    finding = await read_again(profile, lambda session: session.commit())
    assert finding.fix.startswith("A commit expired every User, and each is read again on its own: create the session")
    assert finding.remedy == "expire_on_commit=False"


@pytest.mark.parametrize(
    ("between", "cause"),
    [
        (Session.rollback, "A rollback expired"),
        (Session.expire_all, "expire(), expire_all() or the end of a savepoint"),
    ],
)
async def test_f6_expired_by_something_else(profile: Profiler, between: Callable[[Session], None], cause: str) -> None:
    finding = await read_again(profile, between)
    assert finding.fix.startswith(cause)
    assert "expire_on_commit" not in finding.fix
    assert finding.remedy == "select(User).where(User.id.in_(values))"


async def test_f6_columns_of_a_subclass(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for vehicle in session.scalars(select(Vehicle)):
            assert isinstance(vehicle, Car)
            assert vehicle.doors == 4

    finding = the_loop(await profile(work))
    assert (finding.remedy, finding.edit) == ("selectin_polymorphic(Vehicle, [Car])", line_of(work))
    assert finding.summary.startswith("Car.doors, a column of a subclass, was loaded 4 times")


@only_async
async def test_f7_of_an_object_that_was_just_added(profile: Profiler) -> None:
    async def work(session: AsyncSession) -> None:
        node = Node(id=100)
        session.add(node)
        await session.flush()
        len(node.children)

    (finding,) = [one for one in (await profile.awaited(work)).findings if one.kind == "missing_greenlet"]
    assert finding.remedy == 'await session.refresh(node, ["children"])'
    assert "the select" not in finding.fix.partition(", or await")[0].replace("no select", "")


@only_async
async def test_f7_of_an_object_that_was_got(profile: Profiler) -> None:
    async def work(session: AsyncSession) -> None:
        node = await session.get(Node, 1)
        assert node is not None
        len(node.children)

    (finding,) = [one for one in (await profile.awaited(work)).findings if one.kind == "missing_greenlet"]
    file, line = line_of(work)
    assert finding.fix.startswith(f"Add options=[selectinload(Node.children)] to the session.get() at {file}:{line}")
    assert finding.edit == (file, line)


@only_async
async def test_f7_of_an_object_that_was_refreshed(profile: Profiler) -> None:
    async def work(session: AsyncSession) -> None:
        node = await session.get_one(Node, 1)
        await session.refresh(node)
        len(node.children)

    (finding,) = [one for one in (await profile.awaited(work)).findings if one.kind == "missing_greenlet"]
    assert finding.fix.startswith("The object was refreshed at")
    assert finding.remedy == 'await session.refresh(node, ["children"])'


async def test_f7_refreshes_of_a_relationship_in_a_loop(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            session.refresh(user, ["posts"])

    found = [finding for finding in (await profile(work)).findings if finding.kind == "n_plus_one"]
    file, line = line_of(work)
    assert {finding.fix for finding in found} == {
        f"Add .options(selectinload(User.posts)) to the select at {file}:{line} and take the session.refresh() at "
        f"{file}:{line + 1} away"
    }


async def test_f7_a_refresh_of_a_relationship_of_what_another_one_loaded(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for user in session.scalars(select(User).options(selectinload(User.posts))).all():
            for post in user.posts:
                session.refresh(post, ["comments"])

    finding = the_loop(await profile(work))
    assert finding.remedy == "selectinload(User.posts).selectinload(Post.comments)"


async def test_f7_the_collections_of_refreshed_objects(profile: Profiler) -> None:
    def work(session: Session) -> None:
        users = session.scalars(select(User)).all()
        for user in users:
            session.refresh(user)
        assert [len(user.posts) for user in users]

    found = [finding for finding in (await profile(work)).findings if finding.relationship == "User.posts"]
    assert [finding.edit for finding in found] == [None]
    assert 'session.refresh(obj, ["posts"])' in found[0].fix


async def test_f8_an_autoflush_is_named(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for tag in session.scalars(select(Tag)).all():
            tag.name += "x"
            session.scalar(select(func.count()).select_from(Post).where(Post.author_id == tag.id))

    (finding,) = [one for one in (await profile(work)).findings if one.summary.startswith("UPDATE")]
    assert finding.fix.startswith("A SELECT in the loop autoflushes the UPDATE of tags of the turn before")
    assert "session.no_autoflush" in finding.fix


async def test_f8_a_commit_is_named(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for number in (101, 102, 103):
            session.add(Tag(id=number, name="x"))
            session.commit()

    (finding,) = (await profile(work)).loud_findings
    await profile.database.prepare()
    assert finding.kind == "commit_per_row"
    assert [effect.fix for effect in finding.effects] == [
        "Each turn of the loop commits the INSERT of tags: commit once after the loop"
    ]


async def test_f8_a_merge_is_named(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for number in (1, 2, 3):
            session.merge(Tag(id=number, name="new"))

    found = [one for one in (await profile(work)).findings if one.kind == "n_plus_one"]
    lookup = next(one for one in found if one.summary.startswith("SELECT"))
    assert lookup.fix.startswith("session.merge() looks each Tag up")
    assert lookup.remedy == "select(Tag).where(Tag.id.in_(values))"
    assert all(one.fix.startswith("session.merge() flushes") for one in found if one.summary.startswith("UPDATE"))


class Repository:
    def __init__(self, model: Any) -> None:
        self.model = model

    def all(self, session: Session) -> Any:
        return session.scalars(select(self.model)).all()

    def get(self, session: Session, key: int) -> Any:
        return session.get_one(self.model, key)


def fetched(session: Session, statement: Any) -> Any:
    return session.scalars(statement).all()


def fetched_users(session: Session) -> Any:
    return session.scalars(select(User)).all()


def fetched_posts(session: Session) -> Any:
    return session.scalars(select(Post)).all()


async def test_f9_the_caller_of_a_generic_repository_is_named(profile: Profiler) -> None:
    posts = Repository(Post)

    def work(session: Session) -> None:
        assert [post.comments for post in posts.all(session)]

    finding = the_loop(await profile(work))
    file, line = line_of(work)
    assert f"the select that the call at {file}:{line} in work runs" in finding.fix
    assert (finding.remedy, finding.edit) == ("selectinload(Post.comments)", None)
    assert finding.option is not None, "it can be tried where the caller is known"
    assert [(frame.file, frame.function) for frame in finding.option.frames] == [(file, "all"), (file, "work")]


async def test_f9_and_of_a_helper_that_is_given_the_select(profile: Profiler) -> None:
    def work(session: Session) -> None:
        assert [post.comments for post in fetched(session, select(Post))]

    assert the_loop(await profile(work)).edit is None


class Pages(Repository):
    def newest(self, session: Session) -> Any:
        return self.page_of(session, select(self.model))

    def page_of(self, session: Session, query: Any, limit: int = 50) -> Any:
        ordered = query.order_by(self.model.id.desc())
        return session.scalars(ordered.limit(limit)).all()


async def test_f9_through_all_that_is_generic(profile: Profiler) -> None:
    posts = Pages(Post)

    def work(session: Session) -> None:
        assert [post.comments for post in posts.newest(session)]

    file, line = line_of(work)
    assert f"the select that the call at {file}:{line} in work runs" in the_loop(await profile(work)).fix


async def test_f9_but_not_of_a_helper_for_one_model(profile: Profiler) -> None:
    def work(session: Session) -> None:
        assert [user.posts for user in fetched_users(session)]

    assert the_loop(await profile(work)).edit == line_of(fetched_users)


async def posts_with_comments(database: Database, fetch: Callable[[Session], Any]) -> None:
    """Fetch posts and read their comments, each in a thread, so that the caller is in no frame of the select."""
    with database.session() as session:
        posts = await asyncio.to_thread(fetch, session)
        await asyncio.to_thread(lambda: [post.comments for post in posts])


def enclosed(model: Any) -> Callable[[Session], Any]:
    def fetch(session: Session) -> Any:
        return session.scalars(select(model)).all()

    return fetch


@only_sync
@pytest.mark.parametrize(
    ("fetch", "function", "offset"),
    [
        (partial(fetched, statement=select(Post)), fetched, 1),
        (Repository(Post).all, Repository.all, 1),
        (enclosed(Post), enclosed, 2),
    ],
)
async def test_f9_of_a_helper_whose_caller_is_beyond_a_thread_no_line_is_offered(
    database: Database, profile: Profiler, fetch: Any, function: Any, offset: int
) -> None:
    async def work() -> None:
        await posts_with_comments(database, fetch)

    finding = the_loop(await profile.endpoint(work))
    file, line = line_of(function, offset)
    name = "fetch" if function is enclosed else function.__name__
    assert finding.fix == (
        "Add .options(selectinload(Post.comments)) to the select where its model is chosen: "
        f"{file}:{line} in {name} executes it for more than one"
    )
    assert (finding.remedy, finding.edit) == ("selectinload(Post.comments)", None)


@only_sync
async def test_f9_beyond_a_thread_the_line_of_one_model_is_offered(database: Database, profile: Profiler) -> None:
    async def work() -> None:
        await posts_with_comments(database, fetched_posts)

    assert the_loop(await profile.endpoint(work)).edit == line_of(fetched_posts)


async def test_f9_of_a_repository_that_gets_and_of_one_that_gets_a_tree(profile: Profiler) -> None:
    def posts_of_all(session: Session) -> None:
        for number in (1, 2, 3):
            assert Repository(User).get(session, number).posts

    def tree(session: Session) -> None:
        assert walk(Repository(Node).get(session, 1)) == 7

    of_tree = the_loop(await profile(tree))
    file, line = line_of(tree)
    assert of_tree.fix.startswith(
        "Add options=[selectinload(Node.children, recursion_depth=-1)] to the session.get_one() that the call at "
        f"{file}:{line} in tree runs: the line that executes it serves more than one model: it goes down the whole tree"
    )
    loops = [one for one in (await profile(posts_of_all)).findings if one.relationship == "User.posts"]
    assert [one.edit for one in (of_tree, *loops)] == [None, None]


async def test_f10_a_get_by_foreign_key_is_the_relationship(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for comment in session.scalars(select(Comment)).all():
            session.get(Post, comment.post_id)

    finding = the_loop(await profile(work))
    file, line = line_of(work)
    assert finding.fix == (
        f"Add .options(joinedload(Comment.post)) to the select at {file}:{line} and read .post instead of session.get()"
    )
    assert (finding.relationship, finding.edit) == ("Comment.post", (file, line))


async def test_f10_also_where_a_helper_gets_it(profile: Profiler) -> None:
    def load(session: Session, number: int) -> None:
        session.get(Post, number)

    def work(session: Session) -> None:
        for comment in session.scalars(select(Comment)).all():
            load(session, comment.post_id)

    assert the_loop(await profile(work)).remedy == "joinedload(Comment.post)"


async def test_f10_not_where_the_keys_come_from_elsewhere(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.scalars(select(Comment)).all()
        for number in (1, 2, 3):
            session.get(Post, number)

    assert the_loop(await profile(work)).remedy == "select(Post).where(Post.id.in_(values))"


@only_sqlite
async def test_parents_that_are_selected_one_by_one_are_mended_together(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for number in (1, 2, 3):
            len(session.scalars(select(User).where(User.id == number)).one().posts)

    found = {one.relationship: one for one in (await profile(work)).findings}
    assert found["User.posts"].remedy == "select(User).where(User.id.in_(values)).options(selectinload(User.posts))"
    assert (found["User.posts"].edit, found["User.posts"].saved_statements) == (None, 4)
    assert re.match(
        r"Its objects are themselves selected one by one at .*: select them at once", found["User.posts"].fix
    )
