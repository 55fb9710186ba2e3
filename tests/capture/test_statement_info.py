"""What a statement is about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, aliased, joinedload

from query_guard.records import NO_INFO, Clauses, StatementInfo
from tests.databases import Profiler
from tests.models import Car, Post, User

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("driver", ["sqlite3"], indirect=True)]


async def target(profile: Profiler, body: Callable[[Session], object]) -> StatementInfo:
    return (await profile.block(body)).facts.statements[-1].info


async def test_a_lookup_by_primary_key(profile: Profiler) -> None:
    found = await target(profile, lambda session: session.scalars(select(User).where(User.id == 1)).all())
    assert found[:7] == StatementInfo("User", ("User",), False, ("id",), True, (), ())[:7]


async def test_a_lookup_by_the_foreign_key_of_a_collection(profile: Profiler) -> None:
    found = await target(profile, lambda session: session.scalars(select(Post).where(Post.author_id == 1)).all())
    assert (found.filters, found.walks) == (("author_id",), (("User", "posts"),))


async def test_other_conditions_make_it_another_question(profile: Profiler) -> None:
    query = select(Post).where(Post.author_id == 1, Post.id > 1)
    found = await target(profile, lambda session: session.scalars(query).all())
    assert (found.filters, found.walks) == ((), ())


async def test_an_alias_is_marked(profile: Profiler) -> None:
    writer = aliased(User)
    found = await target(profile, lambda session: session.scalars(select(writer)).all())
    assert (found.entity, found.aliased) == ("User", True)


async def test_inheritance_is_known(profile: Profiler) -> None:
    found = await target(profile, lambda session: session.scalars(select(Car)).all())
    assert found.lineage == ("Car", "Vehicle")


async def test_joined_collections_are_named_by_their_paths(profile: Profiler) -> None:
    query = select(Post).options(joinedload(Post.author), joinedload(Post.comments), joinedload(Post.tags))
    found = await target(profile, lambda session: session.scalars(query).unique().all())
    assert sorted(found.joined) == [("Post.comments",), ("Post.tags",)]


async def test_the_entity_of_an_update(profile: Profiler) -> None:
    found = await target(profile, lambda session: session.execute(update(User).where(User.id == 1).values(name="x")))
    assert (found.entity, found.filters) == ("User", ("id",))


async def test_text_is_about_nothing_known(profile: Profiler) -> None:
    found = await target(profile, lambda session: session.execute(text("SELECT 1")))
    assert found == NO_INFO._replace(clauses=Clauses(further=("text",)))


async def test_to_read_an_expression_warns_nobody(profile: Profiler) -> None:
    """SQLAlchemy warns of DISTINCT where it compiles the argument of a function by itself."""
    query = select(func.count(Post.author_id.distinct()))
    found = await target(profile, lambda session: session.scalar(query))
    assert found.clauses.columns == ("func.count(Post.author_id.distinct())",)
