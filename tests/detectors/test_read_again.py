"""What is said of objects that were read again one by one, and of their relationships, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import NO_INFO, Clauses, Loader, Statement
from tests.detectors.loads import COMMENTS, OF_COMMENTS, at_line, load, users
from tests.reports import OF_POSTS, POSTS, facts_of, transaction

EXPIRED = Loader("expired", "User", "", False, (), ("User",), keys=("id",))
REFRESH = EXPIRED._replace(kind="refresh")
ALL = "select(User).where(User.id.in_(values))"
WITH_POSTS = f"{ALL}.options(selectinload(User.posts))"


def remedy(*rows: Statement, of: Loader = POSTS, **fields: Any) -> Remedy:
    return remedy_for([row for row in rows if row.loader is of], facts_of(*rows, **fields))


def again(serial: int, what: Loader = EXPIRED, **fields: Any) -> Statement:
    return load(serial, what, site=at_line(15), rows=1, **fields)


def read_again(what: Loader, **fields: Any) -> tuple[Statement, ...]:
    """Return a select, and two objects of it that were read anew, each before its posts."""
    return (
        users(),
        again(2, what, **fields),
        load(3, loaded_by=2, start=0.5),
        again(4, what, **fields),
        load(5, loaded_by=4, start=0.5),
    )


@pytest.mark.parametrize("lock", ["", ".with_for_update()"])
def test_objects_that_were_refreshed(lock: str) -> None:
    rows = read_again(REFRESH)
    code = f"{WITH_POSTS}.execution_options(populate_existing=True)"
    assert remedy(*rows) == Remedy(
        code,
        f"Each was refreshed at crud.py:15 before: name the relationship there, "
        f'session.refresh(obj, ["posts"]), or load them all with one select instead: {code}',
    )
    refreshes = tuple(row._replace(info=NO_INFO._replace(clauses=Clauses(lock=lock))) for row in rows)
    found = remedy(*refreshes, of=REFRESH)
    assert found.code == f"{ALL}.execution_options(populate_existing=True){lock}"
    assert found.advice == f"Refresh every User with one select instead of one session.refresh() each: {found.code}"
    assert ([row.serial for row in found.avoided], found.sent) == ([2, 4], 1)


def test_refreshes_of_objects_whose_keys_are_not_known() -> None:
    keyless = REFRESH._replace(keys=())
    found = remedy(*read_again(keyless), of=keyless)
    assert found == Remedy("", "Refresh every User with one select and populate_existing=True")


ENDED = {"start": 0.0, "end": 0.1}


@pytest.mark.parametrize(
    ("outcome", "transaction_of_reads", "of_posts", "of_users"),
    [
        (
            "committed",
            2,
            "A commit expired every User, and each is read again on its own: create the session with "
            f"expire_on_commit=False, or load them with one select after the commit: {ALL}",
            None,
        ),
        (
            "rolled back",
            2,
            "A rollback expired every User, and each is read again on its own: read what is needed before it, "
            f"or load them with one select after it: {WITH_POSTS}",
            f"A rollback expired every User, and each is read again on its own: read what is needed before it, "
            f"or load them with one select after it: {ALL}",
        ),
        (
            "committed",
            1,
            "expire(), expire_all() or the end of a savepoint expired every User, and each is read again on its "
            f"own: load them with one select after it: {WITH_POSTS}",
            "expire(), expire_all() or the end of a savepoint expired every User, and each is read again on its "
            f"own: load them with one select after it: {ALL}",
        ),
    ],
    ids=["a commit", "a rollback", "expire"],
)
def test_objects_that_had_expired(outcome: str, transaction_of_reads: int, of_posts: str, of_users: str | None) -> None:
    rows = read_again(EXPIRED, transaction=transaction_of_reads, start=0.5)
    ended = (transaction(outcome=outcome, **ENDED),)
    found = remedy(*rows, transactions=ended)
    assert (found.advice, found.avoided, found.sent) == (of_posts, (), 0)
    of_reads = remedy(*rows, of=EXPIRED, transactions=ended)
    assert of_reads.advice == (of_users or of_posts)
    assert [row.serial for row in of_reads.avoided] == ([2, 4] if of_users else [])


@pytest.mark.parametrize("kind", ["column", "generated", "refresh"])
def test_all_that_a_commit_expired_is_saved_where_no_relationship_is_among_it(kind: str) -> None:
    late = [again(serial, transaction=2, start=0.5) for serial in (2, 3)]
    after_rollback = [again(serial, loaded_by=4, transaction=4, start=0.9) for serial in (8, 9)]
    rows = (
        users(),
        *late,
        users(4, transaction=3),
        again(5, loaded_by=1, transaction=1),
        *after_rollback,
        again(10, EXPIRED._replace(kind=kind), transaction=2, start=0.5),
        load(11, loaded_by=0, start=0.6),
    )
    ended = (transaction(**ENDED), transaction(serial=3, start=0.6, end=0.8, outcome="rolled back"))
    found = remedy(*rows, of=EXPIRED, transactions=ended)
    assert (found.code, [row.serial for row in found.avoided], found.sent) == ("expire_on_commit=False", [2, 3], 0)


@pytest.mark.parametrize(
    ("ended", "cause"),
    [
        ([(1, 0.4, "committed")], "A commit"),
        ([(1, 0.5, "committed")], "A commit"),
        ([(1, 0.6, "committed")], "expire()"),
        ([(1, None, "open")], "expire()"),
        ([], "expire()"),
        ([(1, 0.1, "committed"), (7, 0.3, "rolled back")], "A commit"),
        ([(8, 0.4, "committed"), (7, 0.3, "rolled back")], "A commit"),
        ([(8, 0.2, "committed"), (7, 0.3, "rolled back")], "A rollback"),
        ([(1, 0.4, "failed")], "A rollback"),
    ],
)
def test_the_cause_is_how_the_transaction_ended_that_had_loaded_them_or_else_the_last_one(
    ended: list[tuple[int, float | None, str]], cause: str
) -> None:
    rows = (users(), *[again(serial, transaction=2, start=0.5) for serial in (2, 3)])
    of_facts = tuple(transaction(serial=serial, end=end, outcome=outcome) for serial, end, outcome in ended)
    assert remedy(*rows, of=EXPIRED, transactions=of_facts).advice.startswith(f"{cause}")


def test_a_refresh_that_reads_objects_and_their_relationship() -> None:
    refreshing = at_line(20, "refresh")
    named = REFRESH._replace(attribute="posts")
    rows = (users(), again(2, named)._replace(site=refreshing), load(3, loaded_by=2, site=refreshing))
    option = "selectinload(User.posts)"
    said = f"Add .options({option}) to the select at crud.py:10 and take the session.refresh() at crud.py:20 away"
    assert remedy(*rows, of=named) == Remedy(option, said)
    assert remedy(*rows) == Remedy(option, said)
    for site in (at_line(21, "refresh"), at_line(20, "scalars"), at_line(20, "")):
        elsewhere = (*rows[:2], rows[2]._replace(site=site))
        assert remedy(*elsewhere, of=named).advice.startswith("Refresh every User with one select instead of")


def test_a_refresh_that_reads_a_relationship_of_objects_that_came_over_another() -> None:
    comments = COMMENTS._replace(path=("User.posts", "Post.comments"), steps=(OF_POSTS, OF_COMMENTS))
    refreshing = at_line(20, "refresh")
    named = REFRESH._replace(owner="Post", attribute="comments", parents=("Post",))
    rows = (
        users(), load(2, POSTS._replace(kind="eager")), again(3, named, loaded_by=2)._replace(site=refreshing),
        load(4, comments, 2, site=refreshing),
    )  # fmt: skip
    assert remedy(*rows, of=named).code == "defaultload(User.posts).selectinload(Post.comments)"


def test_a_refresh_of_a_relationship_of_objects_that_had_expired() -> None:
    refreshing = at_line(20, "refresh")
    reads = [(again(n), load(n + 1, loaded_by=n, site=refreshing)) for n in (2, 4)]
    found = remedy(users(), *reads[0], *reads[1])
    assert found.code == WITH_POSTS
    assert found.advice.startswith("Load them all with one select before the loop")
