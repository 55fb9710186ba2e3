"""What is said of a load that failed, by how its object was loaded, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, loaded_before
from query_guard.records import Clauses, FailedLoad, FailureOfLoad, Loader, Option, Statement
from tests.detectors.loads import (
    BOTH,
    COMMENTS,
    COMPUTED,
    DEFERRED,
    EXPIRED,
    GENERATED,
    OF_COMMENTS,
    REFRESHED,
    SUBCLASS,
    USERS,
    at_line,
    columns,
    load,
    saved,
    users,
)
from tests.reports import ENGINE, OF_POSTS, POSTS, SITE, facts_of, statement, transaction


def failed(
    what: Loader, loaded_by: int | None, *rows: Statement, failure: FailureOfLoad = "greenlet", **of: Any
) -> Remedy:
    return loaded_before(FailedLoad(9, what, SITE, None, 1, loaded_by, failure), what, facts_of(*rows, **of))


AWAITED, CLOSED = ", or await the object's awaitable_attrs.posts", ", or read it before the session is closed"


@pytest.mark.parametrize(("failure", "otherwise"), [("greenlet", AWAITED), ("detached", CLOSED), ("forbidden", "")])
def test_a_relationship_that_could_not_be_loaded(failure: FailureOfLoad, otherwise: str) -> None:
    found = failed(POSTS, 1, users(), failure=failure)
    code = "selectinload(User.posts)"
    assert (found.code, found.advice) == (code, f"Add .options({code}) to the select at crud.py:10{otherwise}")
    assert (saved(found), found.edit) == (([], 0), ("crud.py", 10))
    raising = USERS._replace(options=(Option("raiseload", ("User.posts",)),))
    assert failed(POSTS, 1, users(info=raising), failure=failure).advice == (
        f"Remove raiseload(User.posts) from the select at crud.py:10, and load it there with selectinload(){otherwise}"
    )
    pairs = users(info=USERS._replace(entities=USERS.entities * 2))
    assert failed(POSTS, 1, pairs, failure=failure) == Remedy(
        "", f"Load User.posts ahead, with the select of its User{otherwise}"
    )


def test_one_below_another_that_was_loaded() -> None:
    assert failed(COMMENTS, 2, users(), load(2, POSTS._replace(kind="eager"))).code == (
        "defaultload(User.posts).selectinload(Post.comments)"
    )
    assert failed(COMMENTS._replace(steps=(OF_POSTS, OF_COMMENTS)), 1, users()).code == (
        "defaultload(User.posts).selectinload(Post.comments)"
    )


MERGED = users(info=USERS._replace(clauses=Clauses(got=True)), site=at_line(10, "merge"))
SOURCES: dict[str, tuple[int, tuple[Statement, ...]]] = {
    "The object was just added, and no select loaded it": (0, ()),
    "The object was refreshed at crud.py:20, without it": (2, (users(), columns(2, REFRESHED))),
    "The object was merged, without it": (1, (MERGED,)),
    "The object had expired": (2, (users(), columns(2, EXPIRED))),
}


@pytest.mark.parametrize(("reason", "source"), SOURCES.items())
def test_one_of_an_object_that_no_select_of_the_application_loaded(
    reason: str, source: tuple[int, tuple[Statement, ...]]
) -> None:
    code = 'session.refresh(user, ["posts"])'
    assert failed(POSTS, source[0], *source[1], failure="detached") == Remedy(code, f"{reason}: {code}{CLOSED}")
    awaited = failed(POSTS, source[0], *source[1])
    assert awaited == Remedy(f"await {code}", f"{reason}: await {code}{AWAITED}")


@pytest.mark.parametrize("failure", ["detached", "forbidden"])
def test_what_an_async_engine_sent_is_refreshed_with_await(failure: FailureOfLoad) -> None:
    of_async = statement(1, engine=ENGINE._replace(is_async=True))
    assert failed(POSTS, 0, of_async, failure=failure).code == 'await session.refresh(user, ["posts"])'


def test_a_column_that_could_not_be_loaded() -> None:
    found = failed(DEFERRED, 1, users())
    assert (found.code, found.edit, saved(found)) == (BOTH, ("crud.py", 10), ([], 0))
    of_subclass = failed(SUBCLASS, 1, users(), columns(2, SUBCLASS))
    assert (of_subclass.code, saved(of_subclass)) == ("selectin_polymorphic(User, [Author])", ([], 0))
    assert failed(GENERATED, 0) == Remedy(
        "await session.refresh(user)",
        "The database makes User.stamp (a server default, or onupdate): set __mapper_args__ = {'eager_defaults': True} "
        "in User, or await session.refresh(user) after the flush",
    )
    assert failed(COMPUTED, 0) == Remedy(
        "await session.refresh(user)",
        "SQL computes User.stamp (a column_property), so that each flush of the object expires it: "
        "await session.refresh(user) after the flush",
    )


@pytest.mark.parametrize(
    ("failure", "refresh"),
    [
        ("greenlet", "await session.refresh(user)"),
        ("forbidden", "session.refresh(user)"),
        ("detached", "session.refresh(user) before the session is closed"),
    ],
)
def test_an_expired_column_is_read_before(failure: FailureOfLoad, refresh: str) -> None:
    committed = failed(EXPIRED, 1, users(), failure=failure, transactions=(transaction(end=0.05),))
    assert committed == Remedy(
        "expire_on_commit=False",
        f"A commit expired the User: create the session with expire_on_commit=False, or {refresh}",
    )
    rolled_back = transaction(end=0.05, outcome="rolled back")
    assert failed(EXPIRED, 1, users(), failure=failure, transactions=(rolled_back,)) == Remedy(
        refresh.removesuffix(" before the session is closed"),
        f"The User had expired (a rollback, expire() or refresh): {refresh}",
    )
