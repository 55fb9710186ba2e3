"""The clauses of a statement: which of them are written as code, and which only have a name."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam, delete, func, insert, inspect, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import aliased, selectinload, with_loader_criteria

from query_guard.capture.origin.clauses import clauses_of, is_got
from query_guard.records import CRITERIA, Clauses
from tests.models import Post, User


def clauses(statement: Any, entity: Any = Post) -> Clauses:
    return clauses_of(statement, inspect(entity).mapper)


POSTS = select(Post)
OTHER = aliased(Post)


@pytest.mark.parametrize(
    ("statement", "further"),
    [
        (POSTS, ()),
        (POSTS.where(Post.id == 1), ()),
        (POSTS.where(Post.id > 1), ("a condition",)),
        (POSTS.where((Post.id == 1) | (Post.author_id == 1)), ("a condition",)),
        (POSTS.where(Post.id == 1, Post.author_id.is_(None)), ("a condition",)),
        (POSTS.where(Post.id == Post.author_id), ("a condition",)),
        (POSTS.where(OTHER.id == 1), ("a condition",)),
        (POSTS.limit(1), ("LIMIT",)),
        (POSTS.fetch(1), ("LIMIT",)),
        (POSTS.offset(1), ("OFFSET",)),
        (POSTS.distinct(), ("DISTINCT",)),
        (POSTS.group_by(Post.id).having(func.count() > 1), ("HAVING",)),
        (POSTS.join(Post.author), ("JOIN",)),
        (POSTS.select_from(inspect(Post).local_table.join(inspect(User).local_table, text("1 = 1"))), ("JOIN",)),
        (POSTS.select_from(Post), ()),
        (POSTS.prefix_with("ALL"), ("a prefix",)),
        (POSTS.suffix_with("FOR XML"), ("a prefix",)),
        (POSTS.add_cte(select(User.id).cte()), ("a prefix",)),
        (POSTS.options(selectinload(Post.tags)), ("options",)),
        (POSTS.options(with_loader_criteria(Post, Post.id > 1)), (CRITERIA,)),
        (
            POSTS.options(selectinload(Post.tags), with_loader_criteria(Post, Post.id > 1)),
            ("options", CRITERIA),
        ),
        (select(literal_column("1")), ("such columns",)),
        (POSTS.group_by(text("1")), ("GROUP BY",)),
        (POSTS.order_by(text("1")), ("ORDER BY",)),
        (POSTS.with_for_update(of=Post), ("FOR UPDATE OF",)),
        (insert(Post).values(title="a"), ()),
        (insert(Post).values(title=func.lower("A")), ("an expression",)),
        (insert(Post).values([{"title": "a"}, {"title": "b"}]), ("an expression",)),
        (insert(Post).returning(Post.id), ("RETURNING",)),
        (insert(Post).from_select(["title"], select(User.name)), ("a SELECT",)),
        (postgresql_insert(Post).on_conflict_do_nothing(), ("ON CONFLICT",)),
        (update(Post).where(Post.id == 1).values(title="a"), ()),
        (update(Post).values(title="a"), ()),
        (update(Post).where(Post.id > 1).values(title="a"), ("a condition",)),
        (update(Post).values(title=bindparam("given")), ()),
        (update(Post).values(title=func.lower(Post.title)), ("an expression",)),
        (update(Post).values(author_id=Post.author_id + 1), ("an expression",)),
        (update(Post).values(author_id=Post.updater_id), ("an expression",)),
        (update(Post).ordered_values(("title", "a")), ()),
        (update(Post).ordered_values(("title", func.lower("A"))), ("an expression",)),
        (update(Post).values(title="a").returning(Post.id), ("RETURNING",)),
        (update(Post).values(title="a").prefix_with("LOW_PRIORITY"), ("a prefix",)),
        (update(Post).values(title="a").add_cte(select(User.id).cte()), ("a prefix",)),
        (update(Post).where(Post.author_id == User.id).values(title="a"), ("a condition",)),
        (delete(Post), ()),
        (delete(Post).where(Post.id == 1), ()),
        (delete(Post).where(Post.id.in_([1])), ("a condition",)),
        (text("SELECT 1"), ("text",)),
        (POSTS.union(POSTS), ("text",)),
    ],
    ids=str,
)
def test_what_cannot_be_written_as_code_is_named(statement: Any, further: tuple[str, ...]) -> None:
    assert clauses(statement).further == further


@pytest.mark.parametrize(
    ("condition", "got"),
    [
        (None, False),
        (Post.id == bindparam("pk_1"), True),
        (Post.id == bindparam("pk_1", unique=True), False),
        (Post.id == bindparam("given"), False),
        ((Post.id == bindparam("pk_1")) & (Post.title == "a"), False),
        (Post.id == Post.author_id, False),
    ],
    ids=str,
)
def test_a_get_is_known_by_the_names_of_its_binds(condition: Any, got: bool) -> None:
    assert is_got(condition) is got
