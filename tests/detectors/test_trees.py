"""What is said of a tree that is loaded node by node, of facts made by hand."""

from __future__ import annotations

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import NOWHERE, Clauses, Loader, Option, Statement, Step
from tests.detectors.loads import COMPANY, at_line, info, load, loader, users
from tests.reports import facts_of

NODES = info("Node")
OF_CHILDREN = Step("Node", "children", True, "Node", ("Node",), ("Node",))
CHILDREN, PARENT = loader(OF_CHILDREN), loader(OF_CHILDREN._replace(attribute="parent", collection=False))
ALL_LEVELS = "selectinload(Node.children, recursion_depth=-1)"
DOWN = (
    ": it goes down the whole tree, one select a level (of a tree that is much larger than what is read of it, select "
    "what is needed with a recursive CTE)"
)


def remedy(*rows: Statement, of: Loader = CHILDREN) -> Remedy:
    return remedy_for([row for row in rows if row.loader is of], facts_of(*rows))


def node(serial: int, loaded_by: int | None, children: int | None = 0, what: Loader = CHILDREN) -> Statement:
    return load(serial, what, loaded_by, children)


ROOT = users(1, 1, info=NODES)
TREE = (ROOT, node(2, 1, 2), node(3, 2), node(4, 2, 1), node(5, 4))


def promised(*rows: Statement) -> tuple[list[int], int]:
    found = remedy(*rows)
    assert found.code == ALL_LEVELS
    return sorted(row.serial for row in found.avoided), found.sent


def test_one_option_loads_all_levels() -> None:
    found = remedy(*TREE)
    assert (found.code, found.edit) == (ALL_LEVELS, ("crud.py", 10))
    assert found.advice == f"Add .options({ALL_LEVELS}) to the select at crud.py:10{DOWN}"
    assert (sorted(row.serial for row in found.avoided), found.sent) == ([2, 3, 4, 5], 3)
    assert found.option is not None
    assert found.option.option.code == ALL_LEVELS


def test_of_two_trees_the_levels_of_both_are_counted() -> None:
    other = (users(6, 1, info=NODES), node(7, 6, 1), node(8, 7))
    assert promised(*TREE, *other) == ([2, 3, 4, 5, 7, 8], 5)
    assert promised(*TREE, other[0], other[1]) == ([], 0)


NOTHING: tuple[list[int], int] = ([], 0)


@pytest.mark.parametrize(
    "rows",
    [
        TREE[:4],
        (*TREE[:4], node(5, 4, 1)),
        (*TREE[:2], node(3, 2, None), *TREE[3:]),
        (*TREE[:4], node(5, 4, None)),
        (ROOT._replace(rows=None), *TREE[1:]),
        (ROOT._replace(rows=2), *TREE[1:]),
        (*TREE, node(6, 2)),
    ],
    ids=[
        "one not read",
        "leaves not read",
        "unknown",
        "unknown leaves",
        "unknown roots",
        "a root not read",
        "one more",
    ],
)
def test_nothing_is_promised_of_a_tree_that_was_not_walked_to_its_leaves(rows: tuple[Statement, ...]) -> None:
    assert promised(*rows) == NOTHING


def test_nor_of_a_way_up_since_each_level_may_be_in_the_session() -> None:
    rows = (ROOT, node(2, 1, 1, PARENT), node(3, 2, 1, PARENT), node(4, 3, 0, PARENT))
    found = remedy(*rows, of=PARENT)
    assert (found.code, found.avoided, found.sent) == ("selectinload(Node.parent, recursion_depth=-1)", (), 0)


def test_a_tree_below_another_object() -> None:
    tree = loader(Step("Company", "tree", False, "Node", ("Company",), ("Node",)))
    rows = (
        users(1, 1), load(2, COMPANY, 1, 1), load(3, tree, 2, 1), node(4, 3, 1), node(5, 4),
    )  # fmt: skip
    found = remedy(*rows)
    assert found.code == f"joinedload(User.company).joinedload(Company.tree).{ALL_LEVELS}"
    assert (found.avoided, found.sent, found.edit) == ((), 0, ("crud.py", 10))


def test_one_level_is_no_tree() -> None:
    found = remedy(users(1, 2, info=NODES), node(2, 1), node(3, 1))
    assert (found.code, len(found.avoided), found.sent) == ("selectinload(Node.children)", 2, 1)
    below = remedy(ROOT, node(2, 1, 2), node(3, 2), node(4, 2))
    assert below.code == ALL_LEVELS


def test_the_second_level_alone_is_no_tree() -> None:
    first = node(2, 1, 2)
    facts = facts_of(ROOT, first, node(3, 2), node(4, 2))
    found = remedy_for(facts.statements[2:], facts)
    assert found.code == "selectinload(Node.children).selectinload(Node.children)"


def test_an_option_in_the_way_goes_first() -> None:
    opposed = NODES._replace(options=(Option("lazyload", ("Node.children",)),))
    assert remedy(ROOT._replace(info=opposed), *TREE[1:]) == Remedy(
        "", "Remove lazyload(Node.children) from the select at crud.py:10, and load it there with selectinload()"
    )


@pytest.mark.parametrize(
    "rows",
    [
        (ROOT._replace(site=NOWHERE), *TREE[1:]),
        (node(2, None, 2), *TREE[2:]),
        (*TREE, users(6, 1, 11, info=NODES), node(7, 6, 1)),
        (ROOT._replace(info=NODES._replace(entities=NODES.entities * 2)), *TREE[1:]),
        (ROOT._replace(info=info("Leaf")), *TREE[1:]),
    ],
    ids=["no line", "no select", "two selects", "two entities", "another entity"],
)
def test_a_tree_whose_select_is_not_known_is_told_in_words(rows: tuple[Statement, ...]) -> None:
    assert remedy(*rows) == Remedy(
        "", "Fetch the whole tree before it is walked, with one recursive CTE over Node.children, and walk in memory"
    )


def test_a_tree_below_another_object_is_named_by_its_own_relationship() -> None:
    tree = loader(Step("Company", "tree", False, "Node", ("Company",), ("Node",)))
    rows = (users(1, 1, site=NOWHERE), load(2, COMPANY, 1, 1), load(3, tree, 2, 1), node(4, 3, 1), node(5, 4))
    assert "with one recursive CTE over Node.children, and" in remedy(*rows).advice


def test_a_way_that_leads_in_circles_is_told_in_words() -> None:
    posts = loader(Step("User", "posts", True, "Post", ("User",), ("Post",)))
    author = loader(Step("Post", "author", False, "User", ("Post",), ("User",)))
    rows = [users(1, 1), *[load(n, author if n % 2 else posts, n - 1, 1) for n in range(2, 18)]]
    assert remedy(*rows, of=posts).code == ""
    assert remedy(*rows, of=posts).advice.startswith("Fetch the whole tree before it is walked, with one recursive CTE")


def test_a_tree_that_was_got() -> None:
    got = ROOT._replace(info=NODES._replace(clauses=Clauses(got=True)), site=at_line(10, "get"))
    found = remedy(got, *TREE[1:])
    assert found.advice == f"Add options=[{ALL_LEVELS}] to the session.get() at crud.py:10{DOWN}"
    assert (len(found.avoided), found.sent) == (4, 3)
