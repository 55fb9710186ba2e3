"""The clauses of a statement that are written as code, without any value in them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Select, bindparam, delete, func, inspect, literal_column, select, text, update
from sqlalchemy.orm import aliased

from query_guard.capture.origin.clauses import clauses_of
from query_guard.records import Clauses
from tests.models import Post, User, post_tags


def clauses(statement: Any, entity: Any = Post) -> Clauses:
    return clauses_of(statement, inspect(entity).mapper)


POSTS = select(Post)

OTHER = aliased(Post)


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        (POSTS, ()),
        (select(Post.id, Post.title), ("Post.id", "Post.title")),
        (select(Post, User.name), ("User.name",)),
        (select(Post.title.label("it's")), ('Post.title.label("it\'s")',)),
        (select(func.count()), ("func.count()",)),
        (select(func.count(text("*"))), ("func.count()",)),
        (select(func.count(text("1"))), ()),
        (select(func.count(literal_column("1"))), ()),
        (select(func.max(literal_column("*"))), ()),
        (select(func.count(Post.id)), ("func.count(Post.id)",)),
        (select(func.count(Post.author_id.distinct())), ("func.count(Post.author_id.distinct())",)),
        (select(func.coalesce(Post.author_id, Post.updater_id)), ("func.coalesce(Post.author_id, Post.updater_id)",)),
        (select(func.max(Post.id).label("newest")), ("func.max(Post.id).label('newest')",)),
        (select(func.now()), ("func.now()",)),
        (select(func.substr(Post.title, 1)), ()),
        (select(func.pg_catalog.lower(Post.title)), ()),
        (select((Post.id + 1).label("next")), ()),
        (select(-Post.id), ()),
        (select(OTHER.id), ()),
        (select(post_tags.c.tag_id), ()),
    ],
    ids=str,
)
def test_columns_are_written_where_they_have_no_value(statement: Any, columns: tuple[str, ...]) -> None:
    told = clauses(statement)
    assert told.columns == columns
    assert ("such columns" in told.further) == (not columns and statement is not POSTS)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        (POSTS, ()),
        (POSTS.where(Post.id == 1), ("Post.id",)),
        (POSTS.where(bindparam("given") == Post.id), ("Post.id",)),
        (POSTS.where(Post.id == 1, Post.author_id == 2), ("Post.id", "Post.author_id")),
        (POSTS.where(Post.id == 1).where(User.id == 2), ("Post.id", "User.id")),
        (POSTS.where(inspect(Post).local_table.c.author_id == 1), ("Post.author_id",)),
        (POSTS.where(post_tags.c.tag_id == 1), ()),
        (POSTS.where(Post.id == 1, Post.title.like("a")), ()),
        (POSTS.where((Post.id == 1) | (Post.author_id == 2)), ()),
        (POSTS.where(Post.id != 1), ()),
        (update(Post).where(Post.id == 1), ("Post.id",)),
        (delete(Post).where(Post.id == 1), ("Post.id",)),
    ],
    ids=str,
)
def test_a_filter_is_written_where_it_compares_columns_with_values(statement: Any, where: tuple[str, ...]) -> None:
    assert clauses(statement).where == where


def test_a_column_of_a_table_is_an_attribute_only_of_the_class_that_is_selected() -> None:
    of_posts = inspect(Post).local_table.c.author_id == 1
    assert clauses(select(User).where(of_posts), User).where == ()
    assert clauses_of(select(func.count()).where(of_posts), None).where == ()


@pytest.mark.parametrize(
    ("statement", "lock"),
    [
        (POSTS, ""),
        (POSTS.with_for_update(), ".with_for_update()"),
        (POSTS.with_for_update(nowait=True), ".with_for_update(nowait=True)"),
        (
            POSTS.with_for_update(read=True, skip_locked=True, key_share=True),
            ".with_for_update(read=True, skip_locked=True, key_share=True)",
        ),
        (POSTS.with_for_update(of=Post), ".with_for_update()"),
    ],
    ids=str,
)
def test_a_lock_is_written_with_all_that_it_says(statement: Select[Any], lock: str) -> None:
    assert clauses(statement).lock == lock


@pytest.mark.parametrize(
    ("statement", "aggregates"),
    [
        (select(func.count()), True),
        (select(Post.author_id, func.max(Post.id)), True),
        (select(func.coalesce(func.sum(Post.id), 0)), True),
        (select(func.lower(Post.title)), False),
        (select(Post.id), False),
        (POSTS.where(Post.id == select(func.max(Post.id)).scalar_subquery()), False),
    ],
    ids=str,
)
def test_a_select_of_an_aggregate_is_known(statement: Select[Any], aggregates: bool) -> None:
    assert clauses(statement).aggregates is aggregates


def test_groups_and_orders_are_written() -> None:
    statement = (
        select(Post.author_id, func.count())
        .group_by(Post.author_id, Post.updater_id)
        .order_by(Post.author_id.desc().nulls_last(), Post.updater_id.asc().nulls_first(), func.lower(Post.title))
    )
    told = clauses(statement)
    assert told.group_by == ("Post.author_id", "Post.updater_id")
    assert told.order_by == (
        "Post.author_id.desc().nulls_last()",
        "Post.updater_id.asc().nulls_first()",
        "func.lower(Post.title)",
    )
    assert told.further == ()
