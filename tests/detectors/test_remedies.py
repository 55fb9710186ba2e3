"""What to type, word for word, for each kind of loop; the gate shows that it mends."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, loading_remedy, remedy_for
from query_guard.records import NO_INFO, NOWHERE, CallSite, Frame, Loader, Statement
from tests.reports import POSTS, facts_of, statement

USER = NO_INFO._replace(entity="User", lineage=("User",))
QUERY = statement(
    1,
    sql="SELECT users.id FROM users",
    info=USER,
    site=CallSite(7, (Frame("crud.py", 7, "list_users", 5),), "router", False),
)
TO_ONE = POSTS._replace(owner="Post", attribute="author", collection=False, path=("Post.author",), parents=("Post",))


def of(row: Statement, *before: Statement) -> Remedy:
    return remedy_for(row, facts_of(*before, row))


def written(operation: str, **fields: Any) -> Statement:
    return statement(**{"serial": 2, "operation": operation, "writes": ("posts",), **fields})


def by(*filters: str, entity: str | None = "Post") -> Any:
    return NO_INFO._replace(entity=entity, filters=filters)


def test_a_delete_by_one_column_is_one_delete() -> None:
    code = "session.execute(delete(Post).where(Post.id.in_(values)))"
    advice = f"Delete from posts with one statement after the loop: {code}"
    assert of(written("DELETE", info=by("id"))) == Remedy(code, advice)


@pytest.mark.parametrize("target", [by("id", "author_id"), by(), by("id", entity=None)])
def test_a_delete_by_anything_else_has_nothing_to_paste(target: Any) -> None:
    assert of(written("DELETE", info=target)) == Remedy(
        "", "Delete from posts once after the loop, with IN and the values of all rows"
    )


def test_inserts_and_updates_are_sent_as_lists() -> None:
    insert, update = of(written("INSERT", info=by())), of(written("UPDATE", info=by("id")))
    assert insert == Remedy(
        "session.execute(insert(Post), rows)",
        "Insert into posts once after the loop, rows being dicts: session.execute(insert(Post), rows)",
    )
    assert update == Remedy(
        "session.execute(update(Post), rows)",
        "Update posts once after the loop, rows being dicts with the primary key: session.execute(update(Post), rows)",
    )
    assert of(written("UPDATE")) == Remedy("", "Update posts once after the loop, with a list of parameters")


@pytest.mark.parametrize(
    ("operation", "remedy"),
    [
        (
            "INSERT",
            Remedy(
                "session.add_all(objects)",
                "Insert into posts with one flush after the loop: session.add_all(objects)",
            ),
        ),
        (
            "UPDATE",
            Remedy("session.flush()", "Change posts in the loop and flush once after it: session.flush()"),
        ),
        (
            "DELETE",
            Remedy(
                "session.flush()", "Call session.delete() on posts in the loop and flush once after it: session.flush()"
            ),
        ),
    ],
)
def test_what_was_flushed_row_by_row_is_flushed_once(operation: str, remedy: Remedy) -> None:
    assert of(written(operation, flush=3, info=by("id"))) == remedy


def test_a_select_by_one_column_or_by_two_is_one_select() -> None:
    one, two = of(statement(2, info=by("id"))), of(statement(2, info=by("id", "author_id")))
    assert one.code == "select(Post).where(Post.id.in_(values))"
    assert one.advice == f"Collect the values before the loop and fetch Post once: {one.code}"
    assert two.code == "select(Post).where(tuple_(Post.id, Post.author_id).in_(values))"


@pytest.mark.parametrize(
    "fields", [{"info": by("id"), "sql": "SELECT a FROM t LIMIT ?"}, {"info": by()}, {"info": by(entity=None)}]
)
def test_another_select_has_nothing_to_paste(fields: dict[str, Any]) -> None:
    assert of(statement(2, **fields)) == Remedy(
        "", "Collect the values before the loop and send one statement for all of them"
    )


def test_a_relationship_that_was_walked_by_hand_is_named() -> None:
    walks = by("author_id")._replace(walks=(("User", "posts"),))
    assert of(statement(2, info=walks), QUERY) == Remedy(
        "selectinload(User.posts)",
        "Add .options(selectinload(User.posts)) to the select at crud.py:7 and read .posts instead of this select",
        relationship="User.posts",
    )
    assert of(statement(2, info=walks)).relationship is None
    assert of(statement(2, info=walks, sql="SELECT a FROM posts LIMIT ? OFFSET ?"), QUERY).relationship is None


def test_a_collection_is_loaded_with_a_select_and_an_object_with_a_join() -> None:
    of_users = POSTS._replace(parents=("User",))
    many, one = of(statement(2, loader=of_users), QUERY), of(statement(2, loader=TO_ONE))
    assert many == Remedy(
        "selectinload(User.posts)", "Add .options(selectinload(User.posts)) to the select at crud.py:7", 1
    )
    assert one == Remedy(
        "joinedload(Post.author)", "Add .options(joinedload(Post.author)) to the select that loads Post", 0
    )


def test_a_load_below_a_lazy_load_is_chained_from_the_query() -> None:
    comments = Loader("lazy", "Post", "comments", True, ("Post.comments",), ("Post",), "Comment")
    posts = statement(2, loader=POSTS._replace(parents=("User",), target="Post"))
    code = "selectinload(User.posts).selectinload(Post.comments)"
    assert of(statement(3, loader=comments), QUERY, posts) == Remedy(
        code, f"Add .options({code}) to the select at crud.py:7", 1
    )


def test_an_alias_is_said() -> None:
    query = QUERY._replace(info=USER._replace(aliased=True))
    assert of(statement(2, loader=POSTS._replace(parents=("User",))), query) == Remedy(
        "selectinload(alias.posts)",
        "Add .options(selectinload(alias.posts)) to the select at crud.py:7, alias being the one it selects User by",
    )


@pytest.mark.parametrize(
    ("kind", "code", "statements"),
    [
        ("column", "undefer(User.name), undefer(User.biography)", 0),
        ("expired", "expire_on_commit=False", 0),
        ("refresh", "select(User).where(User.id.in_(values)).execution_options(populate_existing=True)", 1),
    ],
)
def test_columns_that_are_read_again(kind: str, code: str, statements: int) -> None:
    loader = Loader(kind, "User", "name, biography", False, ())
    remedy = loading_remedy(loader, 2, facts_of(QUERY))
    assert (remedy.code, remedy.statements) == (code, statements)
    assert code in remedy.advice


@pytest.mark.parametrize(
    ("last", "collection", "code", "left"),
    [
        ("Post.comments", True, "selectinload(User.posts).selectinload(Post.comments)", 1),
        ("Post.author", False, "selectinload(User.posts).joinedload(Post.author)", 0),
    ],
)
def test_a_load_below_what_was_loaded_ahead_has_its_whole_path(
    last: str, collection: bool, code: str, left: int
) -> None:
    owner, _, attribute = last.partition(".")
    loader = Loader("lazy", owner, attribute, collection, ("User.posts", last), (owner,), "Any")
    advice = f"Add .options({code}) to the select at crud.py:7"
    assert of(statement(2, loader=loader), QUERY) == Remedy(code, advice, left)


def test_a_tree_that_is_walked_down_ends_the_chain_where_it_repeats() -> None:
    child = Loader("lazy", "Node", "children", True, ("Node.children",), ("Node",), "Node")
    code = "selectinload(Node.children)"
    walked = [statement(n, loader=child, owner=n) for n in (1, 2, 3)]
    assert of(walked[2], *walked[:2]) == Remedy(code, f"Add .options({code}) to the select that loads Node")


def test_a_query_of_a_subclass_is_named_by_what_it_selects() -> None:
    query = QUERY._replace(info=NO_INFO._replace(entity="Admin", lineage=("Admin", "User")))
    loader = POSTS._replace(parents=("User",))
    assert of(statement(2, loader=loader), query).code == "selectinload(Admin.posts)"


def test_a_query_whose_line_was_not_seen_is_named_by_its_class() -> None:
    loader = POSTS._replace(parents=("User",))
    remedy = of(statement(2, loader=loader), QUERY._replace(site=NOWHERE))
    assert remedy.advice == "Add .options(selectinload(User.posts)) to the select that loads User"
