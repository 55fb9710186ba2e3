"""Selects in a loop that do the work of a relationship of the objects of a list, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import CRITERIA, NOWHERE, Clauses, Entity, Option, Statement, StatementInfo
from tests.detectors.loads import POST, USERS, at_line, load, saved, users
from tests.reports import facts_of, statement

BY_AUTHOR = ("Post.author_id",)


def posts(serial: int, info: StatementInfo = POST, **fields: Any) -> Statement:
    return statement(serial, **{"info": info, "site": at_line(20), **fields})


def remedy(*rows: Statement) -> Remedy:
    return remedy_for([row for row in rows if row.site.key == 20], facts_of(*rows))


WALKED = POST._replace(walks=(("User", "posts"),), clauses=Clauses(where=BY_AUTHOR))
READ = "Add .options(selectinload(User.posts)) to the select at crud.py:10 and read .posts instead of this select"


def test_a_select_by_a_foreign_key_is_the_relationship_of_the_objects_of_a_list() -> None:
    rows = (users(), *[posts(serial, WALKED) for serial in (2, 3, 4)])
    found = remedy(*rows)
    assert (found.code, found.advice, found.relationship) == ("selectinload(User.posts)", READ, "User.posts")
    assert (saved(found), found.edit, found.option) == (([2, 3, 4], 1), ("crud.py", 10), None)
    again = remedy(*rows, users(5))
    assert (again.advice, saved(again)) == (READ, ([], 0))
    assert saved(remedy(*rows, users(5, line=11), load(6, site=at_line(10)))) == ([2, 3, 4], 1)


@pytest.mark.parametrize(("rows", "found"), [(None, False), (0, False), (2, False), (3, True), (9, True)])
def test_the_list_has_an_object_for_each_turn(rows: int | None, found: bool) -> None:
    loop = [posts(serial, WALKED) for serial in (2, 3, 4)]
    assert bool(remedy(users(rows=rows), *loop).relationship) is found
    same_values = [row._replace(values=(1,)) for row in loop]
    assert bool(remedy(users(rows=rows), *same_values).relationship) is (rows is not None and rows > 1)


def test_the_list_was_there_before_the_loop_began() -> None:
    loop = [posts(serial, WALKED) for serial in (2, 4, 5)]
    assert remedy(users(1), *loop).relationship == "User.posts"
    assert remedy(loop[0], users(3), *loop[1:]).relationship is None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (users(info=USERS._replace(entities=(Entity("Admin", ("Admin", "User"), False),))), True),
        (users(info=POST), False),
        (users(5), False),
        (load(1, loaded_by=None, rows=9, info=USERS, site=at_line(10)), False),
        (users(info=USERS._replace(clauses=Clauses(further=(CRITERIA,)))), False),
        *[
            (users(info=USERS._replace(options=(Option(name, ("User.posts",)),))), False)
            for name in (
                "selectinload",
                "joinedload",
                "subqueryload",
                "immediateload",
                "lazyload",
                "raiseload",
                "noload",
            )
        ],
        (users(info=USERS._replace(options=(Option("selectinload", ("User.company",)),))), True),
    ],
)
def test_the_list_is_one_whose_select_could_have_the_option(source: Statement, found: bool) -> None:
    loop = [posts(serial, WALKED) for serial in (2, 3, 4)]
    rows = sorted((source, *loop), key=lambda row: row.serial)
    assert bool(remedy(*rows).relationship) is found


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        (Clauses(where=BY_AUTHOR, order_by=("Post.id",)), True),
        (Clauses(where=BY_AUTHOR, lock=".with_for_update()"), False),
        (Clauses(where=BY_AUTHOR, group_by=("Post.id",)), False),
        (Clauses(where=BY_AUTHOR, further=("JOIN",)), False),
    ],
)
def test_the_relationship_asks_nothing_else(clauses: Clauses, found: bool) -> None:
    loop = [posts(serial, WALKED._replace(clauses=clauses)) for serial in (2, 3, 4)]
    assert bool(remedy(users(), *loop).relationship) is found


def test_where_two_lists_may_be_walked_both_are_named() -> None:
    rows = (users(), users(2, line=11), users(3, line=11), *[posts(serial, WALKED) for serial in (4, 5, 6)])
    assert remedy(*rows) == Remedy(
        "selectinload(User.posts)",
        "Add .options(selectinload(User.posts)) to the select at crud.py:10 or the select at crud.py:11, whichever "
        "loads the objects of the loop, and read .posts instead of this select",
        relationship="User.posts",
    )


def test_a_list_whose_line_is_not_known_is_named_by_its_class() -> None:
    loop = [posts(serial, WALKED) for serial in (2, 3, 4)]
    assert remedy(users(site=NOWHERE), *loop).advice == (
        "Add .options(selectinload(User.posts)) to the select that loads User and read .posts instead of this select"
    )
