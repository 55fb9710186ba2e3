"""Which repetitions read one list page by page, and which read a page for each row of another."""

from __future__ import annotations

import pytest

from query_guard.detectors.batches import batch_reason
from query_guard.records import Statement
from tests.detectors.test_chunks import DAYS, rows
from tests.reports import facts_of

BY_OFFSET, BY_ID = "pages: only OFFSET changes", "pages: only the bound of o.id changes"
OFFSET = "SELECT o.a FROM o LIMIT ? OFFSET ?"
WALK = "SELECT o.a FROM o WHERE o.id > ? ORDER BY o.id LIMIT ?"
OF_CUSTOMER = "SELECT o.a FROM o WHERE o.customer = ? AND o.id > ? ORDER BY o.id LIMIT ?"


def reason(repeated: list[Statement], *earlier: Statement) -> str | None:
    later = [row._replace(serial=row.serial + len(earlier)) for row in repeated]
    return batch_reason(later, facts_of(*earlier, *later))


def with_rows(repeated: list[Statement], *numbers: int | None) -> list[Statement]:
    return [row._replace(rows=number) for row, number in zip(repeated, numbers, strict=True)]


@pytest.mark.parametrize(
    ("brought", "are_pages"),
    [
        ((2, 2, 2), True),
        ((1, 1, 5), False),
        ((0, 1, 5), False),
        ((2, 1, 1), True),
        ((1, 2, 0), True),
        ((None, 1, 1), False),
        ((None, None, 1), True),
    ],
)
def test_pages_have_more_than_one_row_but_for_the_last(brought: tuple[int | None, ...], are_pages: bool) -> None:
    pages = with_rows(rows(OFFSET, (2, 0), (2, 2), (2, 4)), *brought)
    assert reason(pages) == (BY_OFFSET if are_pages else None)


@pytest.mark.parametrize(("limits", "are_pages"), [((2, 2), True), ((5, 1), False), ((1, 5), False)])
def test_a_limit_of_one_row_is_no_page(limits: tuple[int, int], are_pages: bool) -> None:
    first, second = limits
    assert (reason(rows(OFFSET, (first, 0), (second, 10))) == BY_OFFSET) is are_pages


@pytest.mark.parametrize(
    ("sql", "values", "expected"),
    [
        ("SELECT o.a FROM o OFFSET ?", ((0,), (10,)), BY_OFFSET),
        ("SELECT o.a FROM o LIMIT ?, ?", ((0, 5), (5, 5)), BY_OFFSET),
        ("SELECT o.a FROM o LIMIT ?, ?", ((0, 5), (3, 5), (6, 5)), None),
        ("SELECT o.a FROM o OFFSET ? ROWS", ((0,), (10,)), BY_OFFSET),
        ("SELECT o.a FROM o WHERE o.shift = ? OFFSET ?", ((1, 0), (2, 10)), None),
        ("SELECT o.a FROM o WHERE o.id > ? ORDER BY o.id", ((0,), (10,)), None),
        ("SELECT o.a FROM o WHERE o.id > ? LIMIT ?", ((0, 10), (10, 10)), None),
        ("SELECT o.a FROM o WHERE o.id = ? ORDER BY o.id LIMIT ?", ((0, 10), (10, 10)), None),
        ("SELECT o.a FROM o WHERE o.id > ? ORDER BY o.id FETCH NEXT ? ROWS ONLY", ((0, 10), (10, 10)), BY_ID),
        (OF_CUSTOMER, (("me", 0, 10), ("me", 10, 10)), BY_ID),
        (OF_CUSTOMER, (("me", 0, 10), ("you", 10, 10)), None),
    ],
)
def test_nothing_but_the_offset_or_the_bound_of_an_order_changes(
    sql: str, values: tuple[tuple[object, ...], ...], expected: str | None
) -> None:
    assert reason(rows(sql, *values)) == expected


def test_pages_that_failed_are_left_out_and_where_all_failed_nothing_is_known() -> None:
    pages = rows(OFFSET, (10, 0), (10, 10))
    assert reason(pages) == BY_OFFSET
    assert reason([row._replace(error="OperationalError") for row in pages]) is None


def test_an_offset_that_is_a_text_is_not_compared() -> None:
    assert reason(rows(OFFSET, (10, "0"), (10, 10), (10, 20))) == BY_OFFSET
    assert reason(rows(OFFSET, (10, "0"), (10, 10), (10, 15))) is None


@pytest.mark.parametrize("place", [0, 1, 2])
def test_where_the_values_of_one_page_are_not_known_nothing_is(place: int) -> None:
    pages = rows(OFFSET, (10, 0), (10, 10), (10, 20))
    pages[place] = pages[place]._replace(values=())
    assert reason(pages) is None


BY_TWO = "SELECT o.a FROM o WHERE o.at >= ? AND o.id > ? ORDER BY o.at, o.id LIMIT ?"


@pytest.mark.parametrize(
    ("bounds", "is_walk"),
    [(((1, 5), (2, 1)), True), (((2, 1), (1, 5)), False), (((1, 5), (1, 15)), True), (((1, 5), (1, 9)), False)],
)
def test_of_several_bounds_the_first_that_changes_never_goes_back(
    bounds: tuple[tuple[int, int], ...], is_walk: bool
) -> None:
    found = reason(rows(BY_TWO, *[(*each, 10) for each in bounds]))
    assert (found is not None) is is_walk


def test_all_bounds_that_change_are_named() -> None:
    assert reason(rows(BY_TWO, (1, 5, 10), (2, 9, 10))) == "pages: only the bound of o.at, o.id changes"


@pytest.mark.parametrize(("step", "is_walk"), [(9, False), (10, True), (11, True)])
def test_a_bound_that_stands_alone_moves_by_a_whole_page_once(step: int, is_walk: bool) -> None:
    assert (reason(rows(WALK, (0, 10), (1, 10), (1 + step, 10))) == BY_ID) is is_walk


@pytest.mark.parametrize(("step", "is_walk"), [(5, False), (9, False), (10, True)])
def test_so_does_one_that_goes_down(step: int, is_walk: bool) -> None:
    down = WALK.replace(">", "<")
    assert (reason(rows(down, (99, 10), (98, 10), (98 - step, 10))) == BY_ID) is is_walk
    assert reason(rows(down, (0, 10), (10, 10), (20, 10))) is None


def test_a_limit_in_the_text_asks_for_no_whole_page() -> None:
    assert reason(rows(WALK, (0,), (1,), (2,))) == BY_ID
    assert reason(rows(WALK, (0,), (2,), (1,))) is None


@pytest.mark.parametrize(
    ("limit", "brought", "is_walk"),
    [
        (10, (10, 10, 4), True),
        (10, (11, 10, 4), True),
        (10, (9, 10, 4), False),
        (10, (9, 9, 9), False),
        (None, (10, 10, 4), True),
        (None, (10, 10, 10), False),
        (None, (10, 9, 4), False),
        (None, (10, 4, 0), True),
        (None, (4, 10, 0), False),
        (10, (0, 10, 10), False),
        (10, (0, 10, 0), False),
    ],
)
def test_of_an_order_that_is_not_known_each_page_but_the_last_is_full(
    limit: int | None, brought: tuple[int, ...], is_walk: bool
) -> None:
    given = [(day,) if limit is None else (day, limit) for day in DAYS]
    assert (reason(with_rows(rows(WALK, *given), *brought)) == BY_ID) is is_walk


@pytest.mark.parametrize(("brought", "is_walk"), [((10, 10, 10), True), ((10, 4, 4), False)])
def test_whole_numbers_that_move_on_may_end_with_a_full_page(brought: tuple[int, ...], is_walk: bool) -> None:
    assert (reason(with_rows(rows(WALK, (0, 10), (10, 10), (20, 10)), *brought)) == BY_ID) is is_walk
