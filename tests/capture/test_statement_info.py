"""What a statement is about."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, insert, inspect, select, text, update
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from query_guard.records import NO_INFO, Clauses, StatementInfo
from tests.databases import Profiler
from tests.models import Car, Post, Tag, User

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


OTHER = aliased(Post)


@pytest.mark.parametrize(
    ("statement", "entity"),
    [
        (select(func.count()).where(Post.title == "a"), "Post"),
        (select(func.count()).where(OTHER.title == "a"), None),
        (select(func.count()).where(inspect(Post).local_table.c.title == "a"), None),
        (select(func.count()), None),
        (select(Post.id), "Post"),
    ],
    ids=str,
)
async def test_a_count_is_about_the_class_of_its_filter(profile: Profiler, statement: Any, entity: str | None) -> None:
    found = await target(profile, lambda session: session.execute(statement))
    assert (found.entity, found.aliased, found.entities) == (entity, False, ())
    assert found.lineage == (() if entity is None else (entity,))


async def test_only_objects_are_entities(profile: Profiler) -> None:
    query = select(Post, User.name, OTHER).join(Post.author).join(OTHER, OTHER.id == Post.id)
    found = await target(profile, lambda session: session.execute(query).all())
    assert [(entity.name, entity.aliased) for entity in found.entities] == [("Post", False), ("Post", True)]


async def test_collections_that_the_application_joins_itself_are_contained(profile: Profiler) -> None:
    query = select(Post).join(Post.comments).join(Post.author)
    query = query.options(contains_eager(Post.comments), contains_eager(Post.author))
    found = await target(profile, lambda session: session.scalars(query).unique().all())
    assert (found.contained, found.joined, found.joined_objects) == ((("Post.comments",),), (), ())


async def test_objects_that_are_joined_are_told_from_collections(profile: Profiler) -> None:
    query = select(Post).options(joinedload(Post.author), joinedload(Post.comments))
    found = await target(profile, lambda session: session.scalars(query).unique().all())
    assert (found.joined, found.joined_objects) == ((("Post.comments",),), (("Post.author",),))


async def test_a_statement_that_sqlalchemy_does_not_keep_is_read_at_once_and_let_go(profile: Profiler) -> None:
    freed: list[bool] = []

    def insert_rows(session: Session) -> None:
        statement = insert(Tag).values([{"id": number, "name": "x"} for number in (2_001, 2_002)])
        kept = weakref.ref(statement)
        session.execute(statement)
        del statement
        gc.collect()
        freed.append(kept() is None)

    found = await target(profile, insert_rows)
    assert (found.entity, freed) == ("Tag", [True])
