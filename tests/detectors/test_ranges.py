"""Which repetitions read or write one range of integer keys after another."""

from __future__ import annotations

import pytest

from query_guard.detectors.chunks import chunk_reason
from tests.detectors.test_chunks import DAYS, READ, WRITTEN, reason, rows

BETWEEN = "o.id BETWEEN ? AND ?"
HALF_OPEN = "o.id >= ? AND o.id < ?"


@pytest.mark.parametrize(
    ("condition", "ranges", "expected"),
    [
        (BETWEEN, ((0, 19), (20, 39)), WRITTEN),
        (BETWEEN, ((0, 18), (20, 38)), None),
        (BETWEEN, ((0, 29), (30, 39)), WRITTEN),
        (BETWEEN, ((0, 24), (24, 49)), None),
        (BETWEEN, ((20, 39), (0, 19)), WRITTEN),
        (BETWEEN, ((0, 19), (100, 119)), WRITTEN),
        (HALF_OPEN, ((0, 20), (20, 40)), WRITTEN),
        (HALF_OPEN, ((0, 19), (20, 39)), None),
        (HALF_OPEN, ((0, 21), (20, 39)), None),
        ("o.id > ? AND o.id <= ?", ((0, 20), (20, 40)), WRITTEN),
        ("o.id > ? AND o.id <= ?", ((0, 19), (20, 39)), None),
        ("o.id >= ? AND o.id <= ?", ((0, 19), (20, 39)), WRITTEN),
        ("o.id >= ? AND o.id <= ?", ((0, 24), (24, 49)), None),
        ("o.id < ? AND o.id >= ?", ((20, 0), (40, 20)), WRITTEN),
        (BETWEEN, ((DAYS[0], DAYS[1]), (DAYS[1], DAYS[2])), None),
        (BETWEEN, ((0, DAYS[1]), (20, DAYS[2])), None),
    ],
)
def test_ranges_are_chunks_if_none_overlaps_another(
    condition: str, ranges: tuple[tuple[object, object], ...], expected: str | None
) -> None:
    assert reason(rows(f"UPDATE o SET a = 0 WHERE {condition}", *ranges, rows=1)) == expected


@pytest.mark.parametrize(
    ("ends", "brought", "expected"),
    [
        ((0, 30, 30, 60), 20, READ),
        ((0, 20, 20, 40), 30, READ),
        ((0, 30, 30, 60), 19, None),
        ((0, 30, 30, 60), None, None),
    ],
)
def test_a_range_that_is_read_is_as_long_as_the_rows_that_came(
    ends: tuple[int, int, int, int], brought: int | None, expected: str | None
) -> None:
    sql = f"SELECT o.a FROM o WHERE {HALF_OPEN}"
    assert reason(rows(sql, ends[:2], ends[2:], rows=brought)) == expected


@pytest.mark.parametrize(
    "condition",
    [
        "o.id >= ? AND o.number < ?",
        "o.id > ? AND o.id >= ?",
        "o.id < ? AND o.id <= ?",
        "o.id = ? AND o.id < ?",
        "o.id > ? AND o.id = ?",
        "o.id BETWEEN ? AND o.number AND o.number < ?",
    ],
)
def test_two_values_that_bound_no_column_on_both_sides_are_no_range(condition: str) -> None:
    assert reason(rows(f"UPDATE o SET a = 0 WHERE {condition}", (0, 30), (30, 60))) is None


def test_a_range_with_a_limit_is_no_chunk() -> None:
    sql = f"SELECT o.a FROM o WHERE {HALF_OPEN}"
    assert chunk_reason(rows(f"{sql} LIMIT ?", (0, 30, 40), (30, 60, 40), rows=30)) is None
    assert chunk_reason(rows(sql, (0, 30), (30, 60), rows=30)) is not None


@pytest.mark.parametrize("customers", [("me", "you"), (1, 2)])
def test_a_range_for_each_customer_is_a_loop(customers: tuple[object, object]) -> None:
    sql = f"UPDATE o SET a = 0 WHERE {HALF_OPEN} AND o.customer = ?"
    assert reason(rows(sql, (0, 30, customers[0]), (30, 60, customers[1]))) is None
    assert reason(rows(sql, (0, 30, "me"), (30, 60, "me"))) is not None
