"""How an option is written: its functions, its entity, and what else stands at its select, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import Clauses, Entity, Loader, Option, Statement, Step
from tests.detectors.loads import COMMENTS, COMPANY, USERS, at_line, load, loader, saved, users
from tests.reports import OF_POSTS, POSTS, facts_of


def remedy(*rows: Statement, of: Loader = POSTS) -> Remedy:
    return remedy_for([row for row in rows if row.loader is of], facts_of(*rows))


LOCKED = USERS._replace(clauses=Clauses(lock=".with_for_update()"))
OF_CITY = Step("Company", "city", False, "City", ("Company",), ("City",))
CITY, AUTHOR = loader(OF_CITY), loader(Step("Post", "author", False, "User", ("Post",), ("User",)))


def test_a_single_object_below_a_list_is_joined_to_the_select_of_the_list() -> None:
    rows = (users(info=LOCKED), load(2), load(3, AUTHOR, 2), load(4, AUTHOR, 2))
    assert remedy(*rows, of=AUTHOR).code == "selectinload(User.posts).joinedload(Post.author)"


def test_a_single_object_below_another_one_is_joined_only_where_the_select_may_be() -> None:
    below = (load(2, COMPANY, 1, 1), load(3, CITY, 2), load(4, CITY, 2))
    assert remedy(users(), *below, of=CITY).code == "joinedload(User.company).joinedload(Company.city)"
    assert remedy(users(info=LOCKED), *below, of=CITY).code == ("selectinload(User.company).selectinload(Company.city)")
    ahead = (load(2, POSTS._replace(kind="eager")), load(3, AUTHOR, 2), load(4, AUTHOR, 2))
    assert remedy(users(info=LOCKED), *ahead, of=AUTHOR).code == "defaultload(User.posts).selectinload(Post.author)"


@pytest.mark.parametrize(
    "function", ["selectinload", "joinedload", "subqueryload", "immediateload", "contains_eager", "defaultload"]
)
def test_a_step_that_the_select_loads_ahead_is_written_as_there(function: str) -> None:
    has = USERS._replace(options=(Option("load_only", ("User.posts",)), Option(function, ("User.posts",))))
    rows = (users(info=has), load(2, POSTS._replace(kind="eager")), load(3, COMMENTS, 2), load(4, COMMENTS, 2))
    assert remedy(*rows, of=COMMENTS).code == f"{function}(User.posts).selectinload(Post.comments)"


def test_a_step_that_a_join_brought_is_written_once() -> None:
    joined = COMMENTS._replace(path=("User.posts", "Post.comments"), steps=(OF_POSTS, *COMMENTS.steps))
    found = remedy(users(), load(2, joined), load(3, joined), of=joined)
    assert found.code == "defaultload(User.posts).selectinload(Post.comments)"


def test_of_two_loops_the_option_in_the_way_is_the_one_of_a_step_that_is_loaded_one_by_one() -> None:
    has = USERS._replace(
        options=(Option("joinedload", ("User.posts",)), Option("lazyload", ("User.posts", "Post.comments")))
    )
    rows = (users(info=has), load(2, POSTS._replace(kind="eager")), load(3, COMMENTS, 2), load(4, COMMENTS, 2))
    assert remedy(*rows, of=COMMENTS).advice == (
        "Remove lazyload(Post.comments) from the select at crud.py:10, and load it there with selectinload()"
    )


OF_ADMIN = Step("Admin", "posts", True, "Post", ("Admin", "User"), ("Post",))
ADMIN = loader(OF_ADMIN)._replace(parents=("Admin", "User"))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "selectin_polymorphic(User, [Admin]), selectinload(Admin.posts)"),
        ((Option("selectin_polymorphic", ("User", "Admin")),), "selectinload(Admin.posts)"),
        (
            (Option("selectin_polymorphic", ("User", "Guest")),),
            "selectin_polymorphic(User, [Admin]), selectinload(Admin.posts)",
        ),
        ((Option("selectinload", ("Admin",)),), "selectin_polymorphic(User, [Admin]), selectinload(Admin.posts)"),
    ],
)
def test_a_relationship_of_a_subclass_needs_its_columns_once(options: tuple[Option, ...], code: str) -> None:
    rows = (users(info=USERS._replace(options=options)), load(2, ADMIN), load(3, ADMIN), load(4, ADMIN))
    found = remedy(*rows, of=ADMIN)
    assert (found.code, saved(found)) == (code, ([2, 3, 4], 2 if "polymorphic" in code else 1))


@pytest.mark.parametrize(
    ("entity", "code"),
    [
        (Entity("Admin", ("Admin", "User"), False), "selectinload(Admin.posts)"),
        (Entity("Owner", ("Owner", "Admin", "User"), False), "selectinload(Owner.posts)"),
        (Entity("Admin", ("Admin", "User"), True), "selectinload(alias.posts)"),
        (Entity("User", ("User",), True), ""),
        (Entity("Guest", ("Guest",), False), ""),
    ],
)
def test_an_option_names_what_the_select_returns(entity: Entity, code: str) -> None:
    rows = (users(info=USERS._replace(entities=(entity,))), load(2, ADMIN), load(3, ADMIN))
    assert remedy(*rows, of=ADMIN).code == code


def test_a_step_that_does_not_lead_on_from_the_one_before_cannot_be_written() -> None:
    other = loader(Step("Draft", "comments", True, "Comment", ("Draft", "Post"), ("Comment",)))
    rows = (users(), load(2), load(3, other, 2), load(4, other, 2))
    assert remedy(*rows, of=other).code == ""
    to_draft = POSTS._replace(steps=(OF_POSTS._replace(target="Draft", targets=("Draft", "Post")),))
    rows = (users(), load(2, to_draft), load(3, other, 2), load(4, other, 2))
    assert remedy(*rows, of=other).code == "selectinload(User.posts).selectinload(Draft.comments)"


def test_an_option_that_another_loop_of_the_select_needs_too_is_offered_for_each() -> None:
    rows = (users(), load(2), load(3), load(4, COMPANY), load(5, COMPANY))
    assert [remedy(*rows, of=of).code for of in (POSTS, COMPANY)] == [
        "selectinload(User.posts)", "joinedload(User.company)",
    ]  # fmt: skip


def test_from_two_selects_that_differ_the_option_is_one_that_both_may_have() -> None:
    joined, locked = users(1, 2), users(2, 2, 11, info=LOCKED)
    rows = (joined, locked, load(3, COMPANY), load(4, COMPANY), load(5, COMPANY, 2))
    assert remedy(*rows, of=COMPANY) == Remedy(
        "selectinload(User.company)",
        "Add .options(selectinload(User.company)) to the select at crud.py:10 and the select at crud.py:11",
    )
    alike = (joined, users(2, 2, 11), *rows[2:])
    assert remedy(*alike, of=COMPANY).code == "joinedload(User.company)"


def test_what_was_got_takes_the_option_as_an_argument() -> None:
    for call in ("get", "get_one"):
        got = users(1, 1, info=USERS._replace(clauses=Clauses(got=True)), site=at_line(10, call))
        found = remedy(got, load(2, AUTHOR), of=AUTHOR)
        assert found.code == ""
        found = remedy(got, load(2, COMPANY), of=COMPANY)
        assert found.advice == f"Add options=[joinedload(User.company)] to the session.{call}() at crud.py:10"
        assert (found.edit, found.option is not None) == (("crud.py", 10), True)


@pytest.mark.parametrize(("before", "with_it", "sent"), [(False, True, 2), (True, True, 2), (True, False, 2)])
def test_what_comes_with_each_object_is_counted_once_also_of_those_that_were_there_before(
    before: bool, with_it: bool, sent: int
) -> None:
    votes: Any = loader(Step("Post", "votes", True, "Vote", ("Post",), ("Vote",)), "eager")
    rows = [users(1, 1, 9), users(2, 2), load(3)]
    rows += [load(4, votes)] if before else []
    rows += [load(5, loaded_by=2)]
    rows += [load(6, votes)] if with_it else []
    found = remedy(*rows)
    assert saved(found) == ([row.serial for row in rows[2:]], sent)
