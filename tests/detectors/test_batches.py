"""Why a repeated statement is no loop, in the report's own words; and that each reason has its limits."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.detectors.batches import batch_reason, bind_places
from query_guard.records import Facts, Statement
from tests.reports import POSTS, facts_of, statement, transaction

OFFSET = "SELECT posts.id FROM posts WHERE posts.author_id = ? LIMIT ? OFFSET ?"
BY_KEY = "SELECT posts.id FROM posts WHERE posts.author_id = ? AND posts.id > ? ORDER BY posts.id LIMIT ?"


def rows(sql: str, *values: tuple[int, ...], **fields: Any) -> list[Statement]:
    return [statement(n, sql=sql, values=given, binds=len(given), **fields) for n, given in enumerate(values, 1)]


def reason(repeated: list[Statement], **fields: Any) -> str | None:
    return batch_reason(repeated, facts_of(*repeated, **fields))


def test_pages_by_offset() -> None:
    assert reason(rows(OFFSET, (1, 10, 0), (1, 10, 10), (1, 10, 20))) == "pages: only OFFSET changes"
    assert reason(rows(OFFSET, (1, 10, 0), (1, 5, 10))) == "pages: only OFFSET changes"
    assert reason(rows(OFFSET, (1, 10, 0), (2, 10, 10))) is None
    assert reason(rows(OFFSET, (1, 10, 0), (1, 20, 0))) is None


def test_pages_by_key() -> None:
    assert reason(rows(BY_KEY, (1, 0, 10), (1, 10, 10))) == "pages: only the bound of posts.id changes"
    assert reason(rows(BY_KEY, (1, 0, 10), (2, 10, 10))) is None
    unordered = BY_KEY.replace(" ORDER BY posts.id", "")
    assert reason(rows(unordered, (1, 0, 10), (1, 10, 10))) is None
    assert reason(rows(BY_KEY.replace(" LIMIT ?", ""), (1, 0), (1, 10))) is None


def test_pages_whose_values_stand_in_the_text() -> None:
    only_offset = "SELECT posts.id FROM posts LIMIT ? OFFSET ?"
    assert reason(rows(only_offset, (), ())) == "pages: only OFFSET changes"
    assert reason(rows(OFFSET, (), ())) is None


def test_values_that_do_not_fit_the_text_say_nothing() -> None:
    assert reason(rows(OFFSET, (1, 10, 0), (1, 10))) is None


@pytest.mark.parametrize("operator", ["<", ">", "<=", ">="])
def test_each_bound_makes_pages(operator: str) -> None:
    sql = BY_KEY.replace(">", operator)
    assert reason(rows(sql, (1, 0, 10), (1, 10, 10))) == "pages: only the bound of posts.id changes"


def test_an_eager_load_and_a_flush() -> None:
    eager = rows("SELECT 1", (1,), (2,), loader=POSTS._replace(kind="eager"))
    assert reason(eager) == "one load in 2 chunks of selectinload(User.posts)"
    assert reason(rows("SELECT 1", (1,), (2,), loader=POSTS)) is None
    assert reason(rows("INSERT 1", (1,), (2,), flush=4)) == "2 rows of one flush"
    first, second = rows("INSERT 1", (1,), (2,), flush=4)
    assert reason([first, second._replace(flush=5)]) is None


def retried(*transactions: int, failed: set[int]) -> tuple[list[Statement], Facts]:
    sent = [statement(n, transaction=one) for n, one in enumerate(transactions, 1)]
    ends = [
        transaction(serial=one, outcome="failed" if one in failed else "committed") for one in sorted({*transactions})
    ]
    return sent, facts_of(*sent, transactions=tuple(ends))


@pytest.mark.parametrize(
    ("transactions", "failed", "is_retry"),
    [
        ((1, 2), {1}, True),
        ((1, 2, 3), {1, 2}, True),
        ((1, 2, 3), {1}, False),
        ((1, 2, 2), {1}, False),
        ((1, 1), {1}, False),
        ((1, 2), set(), False),
    ],
)
def test_a_retry_comes_after_failures(transactions: tuple[int, ...], failed: set[int], is_retry: bool) -> None:
    expected = "a retry: the transactions before the last one failed" if is_retry else None
    assert batch_reason(*retried(*transactions, failed=failed)) == expected


def test_chunks_of_an_in_list() -> None:
    sql = "SELECT posts.id FROM posts WHERE posts.id IN (?)"
    of_forty = [statement(n, sql=sql, binds=binds) for n, binds in ((1, 30), (2, 10))]
    assert reason(of_forty) == "chunks of an IN list, 20 values each"
    assert reason([of_forty[0], of_forty[1]._replace(binds=9)]) is None


@pytest.mark.parametrize(
    ("sql", "places"),
    [
        ("SELECT a FROM t WHERE b = ? AND c > ? LIMIT ?", (("b", "="), ("c", ">"), ("?", "LIMIT"))),
        ("SELECT a FROM t LIMIT ?, ?", (("t", "LIMIT"), ("t", "LIMIT"))),
        ("SELECT a FROM t WHERE b = ? LIMIT ?, ?", (("b", "="), ("?", "LIMIT"), ("?", "LIMIT"))),
        ("SELECT a FROM t WHERE (b, c) > (?, ?)", (("b, c", ">"), ("b, c", ">"))),
        ("SELECT a FROM t WHERE d ?| e AND b = ?", (("b", "="),)),
        ("?", (("", ""),)),
    ],
)
def test_where_each_value_stands(sql: str, places: tuple[tuple[str, str], ...]) -> None:
    assert bind_places(sql) == places


def test_a_retry_comes_after_a_statement_that_failed_too() -> None:
    first, second, third = (statement(n, transaction=n) for n in (1, 2, 3))
    refused = [row._replace(error="OperationalError") for row in (first, second)]
    assert reason([*refused, third]) == "a retry: the transactions before the last one failed"
    assert reason([first, refused[1], third]) is None
