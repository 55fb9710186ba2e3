"""Pages by a bound, after a statement that returned as many rows as there are pages: a page for each of its rows."""

from __future__ import annotations

import pytest

from query_guard.detectors.batches import batch_reason
from query_guard.records import Statement
from tests.detectors.test_chunks import DAYS, rows
from tests.detectors.test_pages import BY_ID, BY_TWO, WALK, reason, with_rows
from tests.reports import facts_of, statement


def other(serial: int = 1, fingerprint: str = "other", rows: int | None = None) -> Statement:
    return statement(serial, sql="SELECT 1", fingerprint=fingerprint, rows=rows)


THREE = rows(WALK, *[(day, 10) for day in DAYS])
TWO = THREE[:2]


@pytest.mark.parametrize(
    ("pages", "earlier", "is_walk"),
    [
        (THREE, other(rows=3), False),
        (THREE, other(rows=2), True),
        (THREE, other(rows=4), True),
        (THREE, other(rows=None), True),
        (THREE, other(rows=3, fingerprint=THREE[0].fingerprint), True),
        (TWO, other(rows=2), True),
    ],
)
def test_a_page_for_each_row_of_an_earlier_statement_is_a_loop(
    pages: list[Statement], earlier: Statement, is_walk: bool
) -> None:
    assert (reason(pages, earlier) == BY_ID) is is_walk
    assert (reason(pages, other(), earlier._replace(serial=2)) == BY_ID) is is_walk


def test_what_is_sent_after_the_pages_began_says_nothing_of_them() -> None:
    assert batch_reason(THREE, facts_of(*THREE, other(4, rows=3))) == BY_ID
    first, *others = THREE
    later = [row._replace(serial=row.serial + 1) for row in others]
    assert batch_reason([first, *later], facts_of(first, other(2, rows=3), *later)) == BY_ID


@pytest.mark.parametrize(
    ("bounds", "brought", "is_walk"),
    [
        ((0, 10, 14), (10, 4, 0), True),
        ((0, 10, 13), (10, 4, 0), False),
        ((0, 9, 30), (10, 4, 0), False),
        ((0, 10, 20), (10, 10, 0), False),
        ((0, 10, 14), (10, 4, None), False),
    ],
)
def test_a_walk_that_went_past_its_end_is_one_though_as_many_rows_came_before(
    bounds: tuple[int, ...], brought: tuple[int | None, ...], is_walk: bool
) -> None:
    pages = with_rows(rows(WALK, *[(bound, 10) for bound in bounds]), *brought)
    assert reason(pages, other(rows=2)) == BY_ID
    assert (reason(pages, other(rows=3)) == BY_ID) is is_walk


def test_a_walk_by_two_bounds_that_went_past_its_end_may_be_one_for_each_row() -> None:
    pages = with_rows(rows(BY_TWO, (0, 0, 10), (10, 10, 10), (14, 14, 10)), 10, 4, 0)
    assert (reason(pages, other(rows=2)) is None, reason(pages, other(rows=3)) is None) == (False, True)
