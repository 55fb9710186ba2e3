"""Which call of a line gets the options, and how those that are there already are extended."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.fixing.patch import Addition, patched

HEAD = "from sqlalchemy.orm import joinedload, selectinload, undefer\nfrom app.models import Author, Post, User\n"
FIRST = HEAD.count("\n") + 1
POSTS = "selectinload(User.posts)"


def outcome(body: str, *additions: tuple[int, str]) -> str:
    """Return a body with remedies at lines of it, counted from 0, or why there is none."""
    added = [Addition(FIRST + line, remedy) for line, remedy in additions]
    result = patched(f"{HEAD}{body}\n".encode(), added, Path("/app/crud.py"), Path("/app"))
    text = result.source.decode().removeprefix(HEAD).removesuffix("\n")
    return "; ".join(result.refused.values()) if text == body and result.refused else text


FOUND = {
    "session.execute(select(User), **key)": f"session.execute(select(User).options({POSTS}), **key)",
    "session.execute(*key, statement=query)": f"session.execute(*key, statement=query.options({POSTS}))",
    "session.execute(params=key, statement=query)": f"session.execute(params=key, statement=query.options({POSTS}))",
    "session.execute(query, execution_options=key)": f"session.execute(query.options({POSTS}), execution_options=key)",
    "session.get(User, key, populate_existing=True)": (
        f"session.get(User, key, populate_existing=True, options=[{POSTS}])"
    ),
    "session.get(User, key, options=[], populate_existing=True)": (
        f"session.get(User, key, options=[{POSTS}], populate_existing=True)"
    ),
    "session.get(User, key, options=(undefer(User.name),))": (
        f"session.get(User, key, options=(undefer(User.name), {POSTS},))"
    ),
    "session.get(\n    User,\n    key,\n    options=[\n        undefer(User.name),\n    ],\n)": (
        f"session.get(\n    User,\n    key,\n    options=[\n        undefer(User.name),\n        {POSTS},\n    ],\n)"
    ),
    "session.get(\n    User,\n    key,\n)": f"session.get(\n    User,\n    key,\n    options=[{POSTS}],\n)",
    "session.get(User, key, options=[undefer(User.name),\n])": (
        f"session.get(User, key, options=[undefer(User.name), {POSTS},\n])"
    ),
    "session.get(\n    User, key)": f"session.get(\n    User, key,\n    options=[{POSTS}])",
    "session.scalars(select(User).options(undefer(User.name),\n    joinedload(User.team)\n))": (
        f"session.scalars(select(User).options(undefer(User.name),\n    joinedload(User.team), {POSTS}\n))"
    ),
    "session.scalars(queries[key])": f"session.scalars(queries[key].options({POSTS}))",
    "session.scalars(self.query)": f"session.scalars(self.query.options({POSTS}))",
    "session.scalars(query().limit(3))": f"session.scalars(query().limit(3).options({POSTS}))",
    "session.scalars(select(User)).unique().all()": f"session.scalars(select(User).options({POSTS})).unique().all()",
    "session.execute(select(User)).scalar()": f"session.execute(select(User).options({POSTS})).scalar()",
    "session.query(User).options(undefer(User.name)).first()": (
        f"session.query(User).options(undefer(User.name), {POSTS}).first()"
    ),
    "settings.get('limit'); session.scalars(select(User))": (
        f"settings.get('limit'); session.scalars(select(User).options({POSTS}))"
    ),
    "first = session.query(User).one(); second = session.query(Post).one()": (
        f"first = session.query(User).options({POSTS}).one(); second = session.query(Post).one()"
    ),
    "for user in session.query(User): print(session.query(Post))": (
        f"for user in session.query(User).options({POSTS}): print(session.query(Post))"
    ),
}


@pytest.mark.parametrize(("before", "after"), FOUND.items())
def test_an_option_goes_to_the_call_that_sends_objects_of_its_class(before: str, after: str) -> None:
    assert outcome(before, (0, POSTS)) == after


def test_of_two_calls_in_a_line_the_option_goes_to_that_of_the_class_it_begins_with() -> None:
    body = "users = session.scalars(select(User)); posts = session.scalars(select(Post))"
    chain = f"{POSTS}.joinedload(Post.author)"
    assert outcome(body, (0, chain)) == body.replace("(User)", f"(User).options({chain})")
    assert outcome(body, (0, "joinedload(Post.author)")) == body.replace(
        "(Post)", "(Post).options(joinedload(Post.author))"
    )


def test_the_lines_of_a_query_that_is_iterated_over_all_lead_to_it() -> None:
    body = "users = [\n    user for user in\n    session.query(User)\n    .limit(3)\n]"
    after = body.replace(".limit(3)", f".limit(3)\n    .options({POSTS})")
    assert [outcome(body, (line, POSTS)) for line in (2, 3)] == [after, after]
    said = f"no call at line {FIRST + 1} sends a statement that can be told by its code"
    assert outcome(body, (1, POSTS)) == said


def test_a_call_is_found_by_the_line_it_begins_at_where_its_name_is_in_another() -> None:
    body = "(session\n    .scalars(select(User)))"
    assert outcome(body, (0, POSTS)) == f"(session\n    .scalars(select(User).options({POSTS})))"


NO_CALL = f"no call at line {FIRST} sends a statement that can be told by its code"
NO_SELECT = "its statement is no single select: "
LEFT = {
    "settings.all(key)": NO_CALL,
    "users.all(key)": NO_CALL,
    "session.scalars()": NO_CALL,
    "scalars(select(User))": NO_CALL,
    "session.execute(params=key)": "its statement is not among the arguments",
    "session.get(User, key, options=[*key])": "its options are no list of options: [*key]",
    "session.execute(insert(User))": "its statement is made by insert()",
    "session.execute(update(User))": "its statement is made by update()",
    "session.execute(delete(User))": "its statement is made by delete()",
    f"session.scalars({'x' * 27} if key else {'y' * 20})": f"{NO_SELECT}{'x' * 27} if key else {'y' * 20}",
    f"session.scalars({'x' * 28} if key else {'y' * 20})": f"{NO_SELECT}{'x' * 28} if key else {'y' * 16}...",
}


@pytest.mark.parametrize(("before", "why"), LEFT.items())
def test_a_call_that_is_not_understood_is_left(before: str, why: str) -> None:
    assert outcome(before, (0, POSTS)) == why


def test_what_is_refused_at_one_line_keeps_nothing_from_another() -> None:
    assert outcome("work(session)\nsession.scalars(select(User))", (0, POSTS), (1, POSTS)) == (
        f"work(session)\nsession.scalars(select(User).options({POSTS}))"
    )


CHAIN = "selectinload(User.posts).joinedload(Post.author)"
MERGED = [
    (CHAIN, f"{CHAIN}.undefer(Author.name)", f"{CHAIN}.undefer(Author.name)"),
    (f"orm.{POSTS}", f"{POSTS}.joinedload(Post.author)", f"orm.{CHAIN}"),
    ("defer(User.name)", "undefer(User.name)", "defer(User.name), undefer(User.name)"),
    ("lazyload(User.posts)", POSTS, f"lazyload(User.posts), {POSTS}"),
    ("selectinload(User.friends)", POSTS, f"selectinload(User.friends), {POSTS}"),
    (
        "selectinload(User.posts, recursion_depth=2)",
        POSTS,
        f"selectinload(User.posts, recursion_depth=2), {POSTS}",
    ),
    ("subqueryload(User.posts)", CHAIN, "subqueryload(User.posts).joinedload(Post.author)"),
    ("contains_eager(User.posts)", CHAIN, "contains_eager(User.posts).joinedload(Post.author)"),
    (
        f"selectinload(User.friends), {POSTS}",
        CHAIN,
        f"selectinload(User.friends), {CHAIN}",
    ),
]


@pytest.mark.parametrize(("known", "new", "both"), MERGED)
def test_a_new_option_leads_on_from_one_that_loads_the_same_ahead(known: str, new: str, both: str) -> None:
    before = f"session.scalars(select(User).options({known}))"
    assert outcome(before, (0, new)) == f"session.scalars(select(User).options({both}))"


@pytest.mark.parametrize("new", [CHAIN, POSTS, "subqueryload(User.posts)", f"{POSTS}, subqueryload(User.posts)"])
def test_an_option_that_is_there_is_not_added_again(new: str) -> None:
    before = f"session.scalars(select(User).options({CHAIN}.undefer(Author.name)))"
    assert outcome(before, (0, new)) == "its option is there already"
    assert outcome("session.scalars(select(User))", (0, new), (0, new)).count("User.posts") == 1
