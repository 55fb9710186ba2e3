"""Of several selects that have loaded a loop's objects, the one whose list the loop walks through."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.remedies.source import turns_of_others, walked_through
from query_guard.records import NO_INFO, Entity, Facts, LoadPath, Statement
from tests.reports import OF_POSTS, POSTS, facts_of, statement

USER, POST = (NO_INFO._replace(entity=name, entities=(Entity(name, (name,), False),)) for name in ("User", "Post"))
FIRST_LOAD = 4


def users(serial: int, rows: int | None, **fields: Any) -> Statement:
    return statement(serial, **{"info": USER, "rows": rows, **fields})


def path(root: Statement, *steps: Any) -> LoadPath:
    return LoadPath(root, "selected", steps or (OF_POSTS,), (True,) * (len(steps) or 1))


def loop(*roots: Statement, turns: int = 5) -> Facts:
    """Return what was sent: some selects, and a loop over objects that they have loaded in turn."""
    loads = [
        statement(FIRST_LOAD + n, loader=POSTS, owner=n, loaded_by=roots[n % len(roots)].serial) for n in range(turns)
    ]
    return facts_of(*sorted({*roots}, key=lambda row: row.serial), *loads)


def walked(*roots: Statement, others: tuple[Statement, ...] = (), turns: int = 5) -> list[int]:
    """Return the serials of the selects that the loop may walk through."""
    facts = loop(*roots, turns=turns)
    facts.statements = tuple(sorted((*facts.statements, *others), key=lambda row: row.serial))
    found = walked_through([path(root) for root in roots], FIRST_LOAD, facts)
    return [each.root.serial for each in found if each.root is not None]


def test_a_single_select_is_walked_whatever_it_returned() -> None:
    assert walked(users(1, 1)) == [1]


@pytest.mark.parametrize(("rows", "expected"), [(0, [2]), (1, [2]), (2, [1, 2]), (None, [1, 2])])
def test_a_select_of_one_object_is_not_walked(rows: int | None, expected: list[int]) -> None:
    assert walked(users(1, rows), users(2, 4)) == expected


def test_where_each_select_returned_one_object_none_is_left_out() -> None:
    assert walked(users(1, 1), users(2, 1)) == [1, 2]


@pytest.mark.parametrize(("rows", "expected"), [(4, [1, 2]), (5, [2]), (6, [2]), (None, [1, 2])])
def test_of_two_lists_the_later_is_walked_where_it_returned_all_objects(rows: int | None, expected: list[int]) -> None:
    assert walked(users(1, 9), users(2, rows)) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (users(3, 5), [1, 2]),
        (users(3, None), [1, 2]),
        (users(3, 1), [2]),
        (users(3, 5, info=POST), [2]),
        (users(3, 5, loader=POSTS, owner=9), [2]),
        (users(FIRST_LOAD + 5, 5), [2]),
    ],
    ids=["of the same class", "of unknown size", "of one object", "of another class", "of a relationship", "too late"],
)
def test_it_is_not_known_after_a_further_select(other: Statement, expected: list[int]) -> None:
    assert walked(users(1, 9), users(2, 5), others=(other,)) == expected


def test_lists_of_different_depths_are_all_walked() -> None:
    roots = users(1, 9), users(2, 5)
    paths = [path(roots[0]), path(roots[1], OF_POSTS, OF_POSTS)]
    assert walked_through(paths, FIRST_LOAD, loop(*roots)) == paths


def test_one_object_may_have_brought_the_others_over_a_relationship() -> None:
    roots = users(1, 1), users(2, 4)
    paths = [path(root, OF_POSTS, OF_POSTS) for root in roots]
    assert walked_through(paths, FIRST_LOAD, loop(*roots)) == paths


OF_COMPANY = OF_POSTS._replace(attribute="company", collection=False)


@pytest.mark.parametrize(
    ("steps", "rows", "is_whole"),
    [
        ((OF_POSTS,), 3, True),
        ((OF_POSTS,), 2, False),
        ((OF_POSTS,), 4, False),
        ((OF_COMPANY,), 3, False),
        ((OF_POSTS, OF_POSTS), 3, False),
        ((OF_COMPANY, OF_POSTS), 3, False),
    ],
)
def test_a_list_has_all_objects_of_a_loop_if_it_has_as_many_and_each_has_a_collection(
    steps: tuple[Any, ...], rows: int, is_whole: bool
) -> None:
    turns = [statement(n, loader=POSTS, owner=n) for n in (2, 3, 4)]
    assert turns_of_others(path(users(1, rows), *steps), turns) == (turns if is_whole else None)
