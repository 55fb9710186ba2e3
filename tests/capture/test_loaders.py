"""Which part of the ORM sent a statement, on every supported SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, immediateload, selectinload, subqueryload

from query_guard.records import Loader, Statement
from tests.databases import Profiler
from tests.models import Car, Comment, Node, Post, User, Vehicle

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("driver", ["sqlite3", "aiosqlite"], indirect=True)]


async def loaded(profile: Profiler, body: Callable[[Session], object]) -> list[Statement]:
    rows = (await profile.block(body)).facts.statements
    return [row for row in rows if row.loader is not None]


async def test_lazy_collection(profile: Profiler) -> None:
    (row,) = await loaded(profile, lambda session: len(session.get_one(User, 1).posts))
    assert row.loader is not None
    assert row.loader[:7] == Loader("lazy", "User", "posts", True, ("User.posts",), ("User",), "Post")[:7]
    assert row.owner is not None


async def test_lazy_many_to_one(profile: Profiler) -> None:
    (row,) = await loaded(profile, lambda session: session.get_one(Post, 1).author)
    assert row.loader is not None
    assert row.loader[:7] == Loader("lazy", "Post", "author", False, ("Post.author",), ("Post",), "User")[:7]


async def test_lazy_many_to_many(profile: Profiler) -> None:
    (row,) = await loaded(profile, lambda session: session.get_one(Post, 1).tags)
    assert row.relationship == "Post.tags"


async def test_lazy_below_a_selectin_load_has_the_whole_path(profile: Profiler) -> None:
    def nested(session: Session) -> None:
        user = session.scalars(select(User).options(selectinload(User.posts)).where(User.id == 1)).one()
        len(user.posts[0].comments)

    eager, lazy = await loaded(profile, nested)
    assert eager.loader is not None
    assert eager.loader[:7] == Loader("eager", "User", "posts", True, ("User.posts",), ("User",), "Post")[:7]
    assert lazy.loader is not None
    assert (
        lazy.loader[:7]
        == Loader("lazy", "Post", "comments", True, ("User.posts", "Post.comments"), ("Post",), "Comment")[:7]
    )


async def test_subqueryload_is_eager(profile: Profiler) -> None:
    (row,) = await loaded(
        profile, lambda session: session.scalars(select(User).options(subqueryload(User.posts))).all()
    )
    assert row.loader is not None
    assert row.loader.kind == "eager"


async def test_immediateload_loads_for_one_owner_at_a_time(profile: Profiler) -> None:
    rows = await loaded(profile, lambda session: session.scalars(select(User).options(immediateload(User.posts))).all())
    assert {row.loader.kind for row in rows if row.loader} == {"immediate"}
    assert len({row.owner for row in rows}) == 5


async def test_the_declaring_class_of_an_inherited_relationship_is_named(profile: Profiler) -> None:
    (row,) = await loaded(profile, lambda session: len(session.get_one(Car, 1).parts))
    assert row.relationship == f"{Vehicle.__name__}.parts"
    assert row.loader is not None
    assert row.loader.parents == ("Car", "Vehicle")


async def test_self_referential(profile: Profiler) -> None:
    (row,) = await loaded(profile, lambda session: len(session.get_one(Node, 1).children))
    assert row.relationship == "Node.children"


async def test_a_deferred_column_names_itself(profile: Profiler) -> None:
    (row,) = await loaded(profile, lambda session: session.get_one(User, 1).biography)
    assert row.loader is not None
    assert row.loader[:6] == Loader("column", "User", "biography", False, (), ("User",))[:6]


async def test_an_expired_object_is_refreshed(profile: Profiler) -> None:
    def expired(session: Session) -> None:
        user = session.get_one(User, 1)
        session.commit()
        assert user.name

    (row,) = await loaded(profile, expired)
    assert row.loader is not None
    assert row.loader[:6] == Loader("expired", "User", "", False, (), ("User",))[:6]
    assert row.owner is not None


async def test_a_refresh_of_the_application(profile: Profiler) -> None:
    def refreshed(session: Session) -> None:
        session.refresh(session.get_one(User, 1))

    (row,) = await loaded(profile, refreshed)
    assert row.loader is not None
    assert row.loader[:6] == Loader("refresh", "User", "", False, (), ("User",))[:6]


async def test_plain_selects_and_gets_have_no_loader(profile: Profiler) -> None:
    def plain(session: Session) -> None:
        session.scalars(select(Comment)).all()
        session.get(Post, 2)

    assert await loaded(profile, plain) == []


async def test_two_owners_are_distinguished(profile: Profiler) -> None:
    def two(session: Session) -> None:
        for user in session.scalars(select(User).limit(2)):
            len(user.posts)

    first, second = await loaded(profile, two)
    assert first.owner != second.owner
