"""Which loads of a collection were only for its length, and the count in SQL that takes their place."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Finding
from query_guard.detectors import CountedCollection
from query_guard.records import NO_INFO, NOWHERE, CallSite, Frame, Read, Statement
from tests.reports import POSTS, SITE, facts_of, statement

ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
COUNT = Read("User.posts", True, ("Post.author_id",), SITE, 2)
EAGER = POSTS._replace(kind="eager")
JOINED = NO_INFO._replace(joined=(("User.posts",),))


def found(*rows: Statement, reads: tuple[Read, ...] = (COUNT,)) -> list[Finding]:
    return list(CountedCollection()(facts_of(*rows, reads=reads)))


@pytest.mark.parametrize(
    ("loaders", "saved"),
    [
        ((POSTS,), 0),
        ((POSTS, POSTS, POSTS), 2),
        ((EAGER, EAGER, EAGER), 0),
        ((POSTS, EAGER, POSTS), 1),
        ((POSTS._replace(kind="selectin"), POSTS._replace(kind="refresh"), POSTS), 0),
    ],
)
def test_one_count_takes_the_place_of_all_lazy_loads(loaders: tuple[Any, ...], saved: int) -> None:
    rows = [statement(n, loader=loader, owner=n) for n, loader in enumerate(loaders, 1)]
    (finding,) = found(*rows)
    assert (finding.saved_statements, finding.statements) == (saved, tuple(range(1, len(rows) + 1)))


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({"info": JOINED}, 1),
        ({"info": NO_INFO._replace(joined=(("Group.users", "User.posts"),))}, 1),
        ({"info": NO_INFO._replace(joined=(("User.posts", "Post.comments"),))}, 0),
        ({"info": JOINED, "error": "OperationalError"}, 0),
        ({}, 0),
    ],
)
def test_a_collection_that_was_joined_was_loaded_too(fields: dict[str, Any], times: int) -> None:
    assert len(found(statement(**fields))) == times


def test_requests_in_which_a_statement_failed_are_left_out() -> None:
    rows = [statement(n, loader=POSTS, request=n) for n in (1, 2)]
    failed = statement(3, error="OperationalError", request=1)
    (finding,) = found(*rows, failed)
    assert (finding.statements, finding.request) == ((2,), 2)


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        ((), ""),
        (("Post.author_id",), "select(Post.author_id, func.count()).where(Post.author_id.in_(values))"
                              ".group_by(Post.author_id)"),
        (("Post.a", "Post.b"), "select(Post.a, Post.b, func.count()).where(tuple_(Post.a, Post.b).in_(values))"
                               ".group_by(Post.a, Post.b)"),
    ],
)  # fmt: skip
def test_the_count_is_written_where_a_foreign_key_alone_ties_them(keys: tuple[str, ...], remedy: str) -> None:
    (finding,) = found(statement(loader=POSTS), reads=(COUNT._replace(foreign_key=keys),))
    assert finding.remedy == remedy
    if remedy:
        assert finding.fix == f"Count in SQL, once for all owners (values are their keys): {remedy}"
    else:
        assert finding.fix == (
            "Count in SQL: select func.count() over the join of User.posts, or map a column_property of User that does"
        )


def test_the_lines_that_count_are_named_each_once() -> None:
    reads = (COUNT._replace(site=ELSEWHERE, foreign_key=()), COUNT, COUNT._replace(times=5))
    (finding,) = found(statement(loader=POSTS), reads=reads)
    assert (finding.site, finding.callers, finding.count, finding.remedy) == (ELSEWHERE, (ELSEWHERE, SITE), 9, "")
    assert finding.summary.startswith("User.posts was loaded only to be counted: SELECT")
    assert finding.relationship == "User.posts"


def test_each_relationship_is_judged_by_its_own_reads() -> None:
    others = Read("Post.tags", False, (), NOWHERE, 1)
    assert len(found(statement(loader=POSTS), reads=(others, COUNT))) == 1
    assert found(statement(loader=POSTS), reads=(others,)) == []
