"""How objects were loaded, from one statement back to earlier ones."""

from __future__ import annotations

import pytest

from query_guard.records import NO_INFO, Clauses, Entity, Loader, LoadPath, LoadPaths, Statement, Step
from tests.detectors.loads import (
    COMMENTS,
    COMPANY,
    EXPIRED,
    OF_COMMENTS,
    POST,
    REFRESHED,
    SUBCLASS,
    USERS,
    at_line,
    load,
    loader,
    users,
)
from tests.reports import OF_POSTS, POSTS, statement

EAGER = POSTS._replace(kind="eager")
LIKES = loader(Step("Comment", "likes", True, "Like", ("Comment",), ("Like",)))


def path_of(*rows: Statement) -> LoadPath:
    """Return the load path of the objects that the last statement loaded for."""
    return LoadPaths(rows).of(rows[-1])


def told(path: LoadPath) -> tuple[int | None, str, list[tuple[str, bool]]]:
    steps = [(step.name, lazy) for step, lazy in zip(path.steps, path.lazy, strict=True)]
    return path.root.serial if path.root is not None else None, path.how, steps


@pytest.mark.parametrize(
    ("call", "got", "how"),
    [
        ("get", True, "got"),
        ("get_one", True, "got"),
        ("merge", True, "merged"),
        ("scalars", True, "selected"),
        ("get", False, "selected"),
        ("scalars", False, "selected"),
    ],
)
def test_a_path_begins_with_a_select_or_a_get(call: str, got: bool, how: str) -> None:
    root = users(info=USERS._replace(clauses=Clauses(got=got)), site=at_line(10, call))
    assert told(path_of(root, load(2))) == (1, how, [])


def test_a_path_leads_over_what_was_loaded_one_by_one_and_ahead() -> None:
    posts = ("User.posts", True)
    assert told(path_of(users(), load(2), load(3, COMMENTS, 2))) == (1, "selected", [posts])
    immediate = POSTS._replace(kind="immediate")
    assert told(path_of(users(), load(2, immediate), load(3, COMMENTS, 2))) == (1, "selected", [posts])
    ahead = ("User.posts", False)
    assert told(path_of(users(), load(2, EAGER), load(3, COMMENTS, 2))) == (1, "selected", [ahead])
    chain = (load(2), load(3, COMMENTS, 2), load(4, LIKES, 3))
    assert told(path_of(users(), *chain)) == (1, "selected", [posts, ("Post.comments", True)])


def test_a_join_brought_the_objects_on_the_way_where_the_path_is_longer() -> None:
    joined = COMMENTS._replace(path=("User.posts", "Post.comments"), steps=(OF_POSTS, OF_COMMENTS))
    assert told(path_of(users(), load(2, joined))) == (1, "selected", [("User.posts", False)])
    assert told(path_of(users(), load(2), load(3, joined, 2))) == (1, "selected", [("User.posts", True)])
    of_post = loader(Step("Post", "author", False, "User", ("Post",), ("User",)))
    longer = told(path_of(statement(1, info=POST), load(2, of_post, 1), load(3, joined, 2)))
    assert longer == (1, "selected", [("Post.author", True), ("User.posts", False)])
    likes = joined._replace(steps=(OF_COMMENTS, *LIKES.steps))
    assert told(path_of(users(), load(2), load(3, likes, 2)))[2] == [("User.posts", True), ("Post.comments", False)]


@pytest.mark.parametrize(("source", "how"), [(EXPIRED, "expired"), (REFRESHED, "refreshed"), (SUBCLASS, "selected")])
def test_what_was_read_again_begins_anew_and_a_column_does_not(source: Loader, how: str) -> None:
    assert told(path_of(users(), load(2, source), load(3, loaded_by=2)))[:2] == (1 if how == "selected" else 2, how)


def test_without_a_source_the_path_is_not_known() -> None:
    assert told(path_of(users(), load(2, loaded_by=0))) == (None, "added", [])
    assert told(path_of(users(), load(2, loaded_by=None))) == (None, "unknown", [])
    assert told(path_of(users(), load(2, loaded_by=7))) == (None, "unknown", [])
    assert told(path_of(load(2, EAGER))) == (None, "unknown", [])
    assert told(path_of(users(), load(2, EAGER._replace(steps=())))) == (None, "unknown", [])


def test_a_statement_is_not_its_own_source() -> None:
    paths = LoadPaths((users(), load(2, loaded_by=2), load(3, loaded_by=4), load(4)))
    assert [paths.source_of(row) for row in (users(), load(2, loaded_by=2), load(3, loaded_by=4))] == [None] * 3


@pytest.mark.parametrize(
    ("serial", "found"), [(3, 3), (4, None), (5, 5), (8, 8), (2, None), (9, None), (0, None), (None, None)]
)
def test_a_statement_is_found_by_its_serial_also_where_some_are_missing(serial: int | None, found: int | None) -> None:
    for rows in ((statement(3), statement(5), statement(8)), (statement(3), statement(5), statement(8), statement(10))):
        row = LoadPaths(rows).at(serial)
        assert (row.serial if row is not None else None) == found
    assert LoadPaths((statement(1), statement(2))).at(2) == statement(2)


SELECTS_BASE = NO_INFO._replace(entities=(Entity("Person", ("Person",), False),))
SELECTS_SUBCLASS = NO_INFO._replace(entities=(Entity("Admin", ("Admin", "User"), False),))
OF_ADMIN = EAGER._replace(steps=(OF_POSTS._replace(owner="Admin", owners=("Admin", "User")),))
COMMENTS_AHEAD = COMMENTS._replace(kind="eager", path=("User.posts", "Post.comments"), steps=(OF_POSTS, OF_COMMENTS))
POSTS_ANEW = REFRESHED._replace(owner="Post", parents=("Post",))
ROOTS: dict[str, tuple[Statement, Loader, bool]] = {
    "a select of the class": (users(), EAGER, True),
    "of a class below it": (users(info=SELECTS_SUBCLASS), EAGER, True),
    "of a class above it": (users(), OF_ADMIN, True),
    "of another class": (users(info=POST), EAGER, False),
    "of a class that is not mapped to it": (users(info=SELECTS_BASE), EAGER, False),
    "on another connection": (users(connection=2), EAGER, False),
    "a load of the objects": (load(1), COMMENTS._replace(kind="eager"), True),
    "a load of a part of the way": (load(1), COMMENTS_AHEAD, True),
    "a load of other objects": (load(1, COMPANY), COMMENTS_AHEAD, False),
    "the load of the last step itself": (load(1, COMMENTS), COMMENTS_AHEAD, False),
    "a refresh of the objects": (load(1, REFRESHED), EAGER, True),
    "a refresh of others": (load(1, POSTS_ANEW), EAGER, False),
    "a refresh of nothing known": (load(1, REFRESHED._replace(parents=())), EAGER, False),
    "a refresh of a class below it": (load(1, REFRESHED._replace(parents=("Admin", "User"))), EAGER, False),
    "another load ahead": (load(1, EAGER), EAGER, False),
}


@pytest.mark.parametrize(("root", "what", "found"), ROOTS.values(), ids=ROOTS)
def test_what_is_loaded_ahead_belongs_to_what_loaded_its_objects(root: Statement, what: Loader, found: bool) -> None:
    ahead = load(2, what, None)
    assert LoadPaths((root, ahead)).source_of(ahead) == (root if found else None)


def test_it_belongs_to_the_last_of_them() -> None:
    ahead = load(4, EAGER, None)
    rows = (users(), users(2), statement(3, info=POST), ahead, users(5))
    assert LoadPaths(rows).source_of(ahead) == rows[1]
    assert LoadPaths(rows[1:]).source_of(ahead) == rows[1]


def test_loads_are_grouped_by_what_they_load_and_what_loaded_their_objects() -> None:
    rows = (
        users(),
        load(2),
        load(3),
        load(4, COMPANY),
        users(5),
        load(6, loaded_by=5),
        load(7, EAGER),
        load(8, EXPIRED),
    )
    paths = LoadPaths(rows)
    assert [[row.serial for row in each.rows] for each in paths.loads] == [[2, 3], [4], [6]]
    assert [[step.name for step in each.steps] for each in paths.loads] == [
        ["User.posts"],
        ["User.company"],
        ["User.posts"],
    ]
    assert [each.path.root for each in paths.loads] == [rows[0], rows[0], rows[4]]
    assert paths.ahead == [rows[6]]
