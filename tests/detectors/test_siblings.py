"""Which collections that one select joins multiply each other, and which of them are loaded with selects instead."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Finding
from query_guard.detectors import CartesianProduct
from query_guard.records import NO_INFO, Clauses
from tests.reports import facts_of, statement

Paths = tuple[tuple[str, ...], ...]
POSTS, COMMENTS, TAGS = ("User.posts",), ("User.posts", "Post.comments"), ("User.posts", "Post.tags")
GROUPS, MAILS = ("User.groups",), ("User.mails",)
OF_GROUPS = (("User.groups", "Group.rights"), ("User.groups", "Group.rooms"), ("User.groups", "Group.owners"))


def found(joined: Paths = (), contained: Paths = (), **fields: Any) -> list[Finding]:
    info = NO_INFO._replace(joined=joined, contained=contained)
    return list(CartesianProduct()(facts_of(statement(**{"info": info, "rows": 30, **fields}))))


@pytest.mark.parametrize(
    ("joined", "named", "remedy"),
    [
        ((POSTS,), "", ""),
        ((POSTS, COMMENTS), "", ""),
        ((POSTS, COMMENTS, ("User.posts", "Post.comments", "Comment.likes")), "", ""),
        ((POSTS, GROUPS), "User.posts and User.groups", "selectinload(User.groups)"),
        (
            (POSTS, GROUPS, MAILS),
            "User.posts and User.groups and User.mails",
            "selectinload(User.groups), selectinload(User.mails)",
        ),
        ((POSTS, COMMENTS, GROUPS), "User.posts and User.groups", "selectinload(User.groups)"),
        ((POSTS, COMMENTS, TAGS), "Post.comments and Post.tags", "joinedload(User.posts).selectinload(Post.tags)"),
        ((("Car.wheels",), ("Bus.seats",)), "", ""),
        ((("Car.wheels",), ("Bus.seats",), ("Car.doors",)), "Car.wheels and Car.doors", "selectinload(Car.doors)"),
        (
            (("Car.parts",), ("Bus.parts",), ("Car.parts", "Part.a"), ("Car.parts", "Part.b")),
            "Part.a and Part.b",
            "joinedload(Car.parts).selectinload(Part.b)",
        ),
        (
            (("User.a",), ("User.a", "A.b"), ("User.a", "A.b", "B.c"), ("User.a", "A.b", "B.d")),
            "B.c and B.d",
            "joinedload(User.a).joinedload(A.b).selectinload(B.d)",
        ),
        ((("User.posts", "Post.comments"), ("User.groups", "Group.rights")), "Post.comments and Group.rights",
         "joinedload(User.groups).selectinload(Group.rights)"),
    ],
)  # fmt: skip
def test_collections_multiply_if_they_part_at_one_class(joined: Paths, named: str, remedy: str) -> None:
    findings = found(joined)
    assert [each.summary.partition(" are joined ")[0] for each in findings] == ([named] if named else [])
    assert [each.remedy for each in findings] == ([remedy] if named else [])


def test_of_two_groups_below_the_root_the_larger_is_named() -> None:
    nested = (("Car.posts",), ("Car.posts", "Post.comments"), ("Car.posts", "Post.tags"))
    larger = (("Bus.groups",), *[("Bus.groups", path[1]) for path in OF_GROUPS])
    (finding,) = found((*nested, *larger))
    assert finding.summary.startswith("Group.rights and Group.rooms and Group.owners are joined")
    assert finding.relationship == "Group.rooms"


def test_what_contains_eager_loads_is_advised_without_code() -> None:
    for joined, contained in (((), (POSTS, GROUPS)), ((POSTS,), (GROUPS,))):
        (finding,) = found(joined, contained)
        assert (finding.relationship, finding.remedy) == ("User.groups", "")
        assert finding.fix.endswith("selectinload(User.groups) in place of contains_eager, without its join")
    (finding,) = found((POSTS, GROUPS))
    assert finding.fix == (
        "Load all but one of them with a select of their own: selectinload(User.groups) in place of joinedload"
    )
    (finding,) = found((POSTS, GROUPS), (COMMENTS,))
    assert finding.remedy == "selectinload(User.groups)", "what is contained is another one"


UNJOINED = NO_INFO._replace(unjoined=("posts", "tags"))
COUNTING = UNJOINED._replace(clauses=Clauses(aggregates=True))


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({"info": UNJOINED}, 1),
        ({"info": UNJOINED, "rows": 19}, 0),
        ({"info": UNJOINED, "rows": 20}, 1),
        ({"info": UNJOINED, "rows": None}, 1),
        ({"info": COUNTING, "rows": 1}, 1),
        ({"info": NO_INFO._replace(clauses=Clauses(aggregates=True)), "rows": 1}, 0),
        ({"info": NO_INFO._replace(joined=(POSTS, GROUPS), clauses=Clauses(aggregates=True)), "rows": 1}, 0),
    ],
)
def test_tables_without_a_condition_between_them(fields: dict[str, Any], times: int) -> None:
    findings = found(**fields)
    assert [each.summary.partition(",")[0].partition(":")[0] for each in findings] == [
        "posts and tags are selected from without a condition between them"
    ] * times
    assert all(each.fix.startswith("Add the condition: ") and each.relationship is None for each in findings)


def test_where_collections_are_side_by_side_too_they_are_the_finding() -> None:
    (finding,) = found(info=UNJOINED._replace(joined=(POSTS, GROUPS)))
    assert finding.summary.startswith("User.posts and User.groups are joined side by side, 30 rows: SELECT")


def test_all_executions_are_counted_and_the_one_with_most_rows_is_shown() -> None:
    info = NO_INFO._replace(joined=(POSTS, GROUPS))
    rows = [statement(n, info=info, rows=number) for n, number in ((1, None), (2, 50), (3, 25))]
    (finding,) = CartesianProduct()(facts_of(*rows))
    assert (finding.count, finding.statements) == (3, (1, 2, 3))
    assert ", 50 rows: " in finding.summary
