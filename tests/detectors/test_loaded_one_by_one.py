"""What is said of a relationship that was loaded one by one, by how its objects came, of facts made by hand."""

from __future__ import annotations

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import NOWHERE, Clauses, Entity, Loader, Option, Statement
from tests.detectors.loads import COMMENTS, COMPANY, POST, USERS, at_line, load, users
from tests.reports import POSTS, facts_of, statement

WITH_POSTS = "select(User).where(User.id.in_(values)).options(selectinload(User.posts))"


def remedy(*rows: Statement, of: Loader = POSTS) -> Remedy:
    return remedy_for([row for row in rows if row.loader is of], facts_of(*rows))


def test_objects_that_were_just_added() -> None:
    rows = (load(1, loaded_by=0), load(2, loaded_by=0), load(3, loaded_by=0))
    said = "The objects were just added, and no select loaded them: load it for all of them with one select: "
    assert remedy(*rows) == Remedy(WITH_POSTS, f"{said}{WITH_POSTS}", rows, 2)
    keyless = POSTS._replace(keys=())
    assert remedy(*[row._replace(loader=keyless) for row in rows], of=keyless) == Remedy("", said)


def test_objects_whose_select_is_not_known() -> None:
    rows = (load(2, loaded_by=None), load(3, loaded_by=None))
    assert remedy(*rows) == Remedy(
        "selectinload(User.posts)", "Add .options(selectinload(User.posts)) to the select that loads User"
    )
    nowhere = (users(site=NOWHERE), load(2), load(3))
    assert remedy(*nowhere).advice == "Add .options(selectinload(User.posts)) to the select that loads User"


def test_objects_of_a_select_that_no_option_can_name() -> None:
    pairs = USERS._replace(entities=(Entity("User", ("User",), False), Entity("User", ("User",), True)))
    assert remedy(users(info=pairs), load(2), load(3)) == Remedy(
        "", "Load User.posts ahead, with selectinload() on the select that loads its User"
    )


def test_objects_that_an_alias_selects() -> None:
    alias = USERS._replace(entities=(Entity("User", ("User",), True),))
    found = remedy(users(info=alias), load(2), load(3))
    assert (found.code, found.advice) == (
        "selectinload(alias.posts)",
        "Add .options(selectinload(alias.posts)) to the select at crud.py:10, alias being the one it selects User by",
    )


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        (
            "lazyload",
            "Remove lazyload(User.posts) from the select at crud.py:10, and load it there with selectinload()",
        ),
        ("noload", "Remove noload(User.posts) from the select at crud.py:10, and load it there with selectinload()"),
        (
            "raiseload",
            "Remove raiseload(User.posts) from the select at crud.py:10, and load it there with selectinload()",
        ),
        *(
            (name, f"Write selectinload(User.posts) in the place of {name}(User.posts) in the select at crud.py:10")
            for name in ("immediateload", "joinedload", "subqueryload")
        ),
    ],
)
def test_an_option_of_the_select_stands_in_the_way(function: str, advice: str) -> None:
    opposed = USERS._replace(options=(Option("load_only", ("User.posts",)), Option(function, ("User.posts",))))
    assert remedy(users(info=opposed), load(2), load(3)) == Remedy("", advice)
    of_another = USERS._replace(options=(Option(function, ("User.company",)),))
    assert remedy(users(info=of_another), load(2), load(3)).code == "selectinload(User.posts)"


def test_objects_from_two_selects() -> None:
    rows = (users(1, 2), users(2, 2, line=11), load(3), load(4, loaded_by=2), load(5, loaded_by=2))
    assert remedy(*rows) == Remedy(
        "selectinload(User.posts)",
        "Add .options(selectinload(User.posts)) to the select at crud.py:10 and the select at crud.py:11",
    )
    same_line = (users(), users(2), load(3), load(4), load(5, loaded_by=2), load(6, loaded_by=2))
    assert remedy(*same_line).edit == ("crud.py", 10)


def test_objects_from_two_selects_of_different_classes() -> None:
    of_posts = statement(2, info=POST, rows=3, site=at_line(11))
    rows = (users(), of_posts, load(3, rows=2), load(4, COMMENTS, 3), load(5, COMMENTS, 2))
    assert remedy(*rows, of=COMMENTS) == Remedy(
        "",
        "Add .options(selectinload(User.posts).selectinload(Post.comments) or selectinload(Post.comments)) "
        "to the select at crud.py:10 and the select at crud.py:11",
    )


@pytest.mark.parametrize(("rows_of_list", "expected"), [(3, ([3, 4, 5], 1)), (4, ([], 0)), (None, None)])
def test_some_objects_were_in_the_session_before_their_list(
    rows_of_list: int | None, expected: tuple[list[int], int] | None
) -> None:
    me = users(1, 1, 9)
    found = remedy(me, users(2, rows_of_list), load(3), load(4, loaded_by=2), load(5, loaded_by=2))
    assert found.edit == ("crud.py", 10)
    if expected is not None:
        assert (sorted(row.serial for row in found.avoided), found.sent) == expected


def test_parents_that_are_selected_one_by_one() -> None:
    by_key = USERS._replace(clauses=Clauses(where=("User.id",)))
    rows = (users(1, 1, info=by_key), load(2), users(3, 1, info=by_key), load(4, loaded_by=3))
    code = "select(User).where(User.id.in_(values)).options(selectinload(User.posts))"
    assert remedy(*rows) == Remedy(
        code,
        "Its objects are themselves selected one by one at crud.py:10: select them at once before the loop: " + code,
        (rows[0], rows[2], rows[1], rows[3]),
        2,
    )
    words = "Its objects are themselves selected one by one at crud.py:10: select them at once, with .options"
    by_text = USERS._replace(clauses=Clauses(further=("text",)))
    spoken = [row._replace(info=by_text) if row.loader is None else row for row in rows]
    assert remedy(*spoken) == Remedy("", f"{words}(selectinload(User.posts))")


def test_single_objects_of_parents_that_are_selected_one_by_one_are_joined() -> None:
    by_key = USERS._replace(clauses=Clauses(where=("User.id",)))
    rows = (users(1, 1, info=by_key), load(2, COMPANY), users(3, 1, info=by_key), load(4, COMPANY, 3))
    assert remedy(*rows, of=COMPANY).edit == ("crud.py", 10)
    assert remedy(*rows, of=COMPANY).saved == 2


def test_a_refresh_of_a_relationship_in_a_loop() -> None:
    refreshing = at_line(20, "refresh")
    rows = (users(), *[load(serial, site=refreshing) for serial in (2, 3)])
    option = "selectinload(User.posts)"
    away = "take the session.refresh() at crud.py:20 away"
    assert remedy(*rows) == Remedy(option, f"Add .options({option}) to the select at crud.py:10 and {away}")
    ahead = USERS._replace(options=(Option("selectinload", ("User.posts",)),))
    assert remedy(users(info=ahead), *rows[1:]) == Remedy("", f"User.posts is loaded ahead already: {away}")
    got = users(info=USERS._replace(clauses=Clauses(got=True)), site=at_line(10, "get"))
    said = f"Load them all with one select before the loop, and {away}: {WITH_POSTS}"
    assert remedy(got, *rows[1:]) == Remedy(WITH_POSTS, said)
