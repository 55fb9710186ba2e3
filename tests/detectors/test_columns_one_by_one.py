"""What is said of columns that are loaded object by object, and of loads that failed, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import NOWHERE, Clauses, Entity, Loader, Option, Statement
from tests.detectors.loads import (
    BOTH,
    DEFERRED,
    EXPIRED,
    OF_COMMENTS,
    OF_POST,
    SUBCLASS,
    USERS,
    columns,
    load,
    saved,
    users,
)
from tests.reports import OF_POSTS, POSTS, facts_of


def remedy(*rows: Statement, of: Loader = DEFERRED, **fields: Any) -> Remedy:
    return remedy_for([row for row in rows if row.loader is of], facts_of(*rows, **fields))


def test_deferred_columns_are_undeferred_at_their_select() -> None:
    found = remedy(users(), columns(2), columns(3))
    assert (found.code, found.edit) == (BOTH, ("crud.py", 10))
    assert found.advice == f"Add .options({BOTH}) to the select at crud.py:10"
    assert saved(found) == ([2, 3], 0)


def test_those_of_all_executions_of_the_select_are_saved() -> None:
    rows = (
        users(),
        columns(2),
        columns(3),
        users(4, 2),
        columns(5, loaded_by=4),
        users(6, 2, 11),
        columns(7, loaded_by=6),
        columns(8, loaded_by=0),
    )
    of_first = remedy_for(rows[1:3], facts_of(*rows))
    assert saved(of_first) == ([2, 3, 5], 0)


@pytest.mark.parametrize(
    "rows",
    [
        (users(), columns(2), users(3, 3, 11), columns(4, loaded_by=3)),
        (columns(2, loaded_by=0), columns(3, loaded_by=0)),
        (users(info=USERS._replace(entities=USERS.entities * 2)), columns(2)),
        (users(), load(2, EXPIRED, info=USERS), columns(3, loaded_by=2)),
    ],
    ids=["two selects", "no select", "two entities", "read again"],
)
def test_where_the_select_is_not_known_its_class_is_named(rows: tuple[Statement, ...]) -> None:
    found = remedy(*rows)
    assert (found.code.startswith("undefer(User.biography)"), saved(found)) == (True, ([], 0))
    assert found.advice == f"Add .options({BOTH}) to the select that loads User"


def test_an_alias_is_named() -> None:
    alias = USERS._replace(entities=(Entity("User", ("User",), True),))
    assert remedy(users(info=alias), columns(2), columns(3)).code == "undefer(alias.biography).undefer(alias.photo)"


def test_columns_that_the_select_itself_defers() -> None:
    defers = USERS._replace(options=(Option("defer", ("User.photo",)), Option("defer", ("User.name",))))
    found = remedy(users(info=defers), columns(2), columns(3))
    assert (found.code, found.advice) == ("", "Remove defer(User.photo) from the select at crud.py:10")
    assert saved(found) == ([2, 3], 0)


def test_columns_that_a_text_does_not_select() -> None:
    text = USERS._replace(clauses=Clauses(further=("text",)))
    assert remedy(users(info=text), columns(2), columns(3)) == Remedy(
        "", "Select User.biography and User.photo in the statement at crud.py:10, too"
    )


def test_columns_below_a_relationship_that_is_loaded_ahead() -> None:
    ahead = POSTS._replace(kind="eager")
    rows = (users(), load(2, ahead), columns(3, OF_POST), columns(4, OF_POST))
    found = remedy(*rows, of=OF_POST)
    assert found.code == "defaultload(User.posts).undefer(Post.text)"
    assert saved(found) == ([3, 4], 0)


def test_columns_below_two_relationships_are_those_of_the_last_class() -> None:
    of_comment = OF_POST._replace(owner="Comment", steps=(OF_POSTS, OF_COMMENTS))
    found = remedy(users(), columns(2, of_comment), columns(3, of_comment), of=of_comment)
    assert found.code == "defaultload(User.posts).defaultload(Post.comments).undefer(Comment.text)"


def test_columns_below_a_relationship_that_is_loaded_one_by_one() -> None:
    own = OF_POST._replace(steps=())
    rows = (users(rows=2), load(2), load(3), columns(4, own, 2), columns(5, own, 2))
    found = remedy(*rows, of=own)
    assert found.code == "selectinload(User.posts).undefer(Post.text)"
    assert saved(found) == ([2, 3, 4, 5], 1)
    shared = remedy(*rows, users(6, 2, 11), load(7, loaded_by=6), of=own)
    assert (shared.code, saved(shared)) == (found.code, ([], 0))


def test_columns_of_a_subclass() -> None:
    rows = (users(), columns(2, SUBCLASS), columns(3, SUBCLASS))
    found = remedy(*rows, of=SUBCLASS)
    code = "selectin_polymorphic(User, [Author])"
    assert (found.code, found.advice) == (code, f"Add .options({code}) to the select at crud.py:10")
    assert (saved(found), found.edit) == (([2, 3], 1), ("crud.py", 10))
    twice = (*rows, users(4), columns(5, SUBCLASS, 4))
    assert saved(remedy_for(twice[1:3], facts_of(*twice))) == ([2, 3, 5], 2)
    without = (*rows, users(4))
    assert saved(remedy(*without, of=SUBCLASS)) == ([], 2)


@pytest.mark.parametrize(
    "info",
    [
        USERS._replace(entities=USERS.entities * 2),
        USERS._replace(entities=(Entity("Person", ("Person",), False),)),
        USERS._replace(entities=(Entity("User", ("User",), True),)),
    ],
    ids=["two entities", "another base", "an alias"],
)
def test_columns_of_a_subclass_whose_base_was_not_selected_have_expired(info: Any) -> None:
    found = remedy(users(info=info), columns(2, SUBCLASS), columns(3, SUBCLASS), of=SUBCLASS)
    assert found.advice.startswith("expire(), expire_all() or the end of a savepoint expired every Author")
    of_posts = (users(), load(2, SUBCLASS._replace(steps=(OF_POSTS,))))
    assert of_posts[1].loader is not None
    assert remedy(*of_posts, of=of_posts[1].loader).code == ""


def test_columns_of_a_subclass_from_two_selects_or_from_no_line() -> None:
    rows = (users(), columns(2, SUBCLASS), users(3, 2, 11), columns(4, SUBCLASS, 3))
    nowhere = (users(site=NOWHERE), columns(2, SUBCLASS), columns(3, SUBCLASS))
    for some in (rows, nowhere):
        found = remedy(*some, of=SUBCLASS)
        assert found.code == "selectin_polymorphic(User, [Author])"
        assert (saved(found), found.edit, found.option) == (([], 0), None, None)
