"""Why a repeated statement is no loop, in the report's own words; and that each reason has its limits."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from query_guard.detectors.batches import batch_reason
from query_guard.detectors.binds import bind_places
from query_guard.records import NO_INFO, Facts, Statement
from query_guard.records.salt import SALT
from tests.reports import POSTS, SITE, facts_of, statement, transaction

OFFSET = "SELECT posts.id FROM posts WHERE posts.author_id = ? LIMIT ? OFFSET ?"
BY_KEY = "SELECT posts.id FROM posts WHERE posts.author_id = ? AND posts.id > ? ORDER BY posts.id LIMIT ?"


def rows(sql: str, *values: tuple[object, ...], **fields: Any) -> list[Statement]:
    return [
        statement(n, sql=sql, values=tuple([hash(value) ^ SALT for value in given]), binds=len(given), **fields)
        for n, given in enumerate(values, 1)
    ]


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


DAYS = tuple(date(2026, 1, day) for day in range(1, 7))


def test_windows_that_overlap_and_pages_of_one_row_are_no_pages() -> None:
    assert reason(rows(OFFSET, (1, 1, 0), (1, 1, 1), (1, 1, 2))) is None
    assert reason(rows(OFFSET, (1, 3, 0), (1, 3, 1), (1, 3, 2))) is None
    assert reason(rows(OFFSET, (1, -1, 0), (1, -1, 1), (1, -1, 2))) is None
    assert reason(rows(OFFSET, (1, 10, 20), (1, 10, 0), (1, 10, 10))) == "pages: only OFFSET changes"
    assert reason(rows(OFFSET, (1, 10, 0), (1, 10, 10), (1, 10, 0))) is None
    mysql = "SELECT posts.id FROM posts LIMIT ?, ?"
    assert reason(rows(mysql, (0, 5), (5, 5), (10, 5))) == "pages: only OFFSET changes"
    assert reason(rows(mysql, (0, 5), (1, 5), (2, 5))) is None
    fetch = "SELECT posts.id FROM posts OFFSET ? ROWS FETCH FIRST ? ROWS ONLY"
    assert reason(rows(fetch, (0, 5), (5, 5))) == "pages: only OFFSET changes"
    assert reason(rows(fetch, (0, 1), (1, 1))) is None


def test_a_walk_goes_on_from_the_last_key_and_never_back() -> None:
    pages = "pages: only the bound of posts.id changes"
    assert reason(rows(BY_KEY, (1, 0, 10), (1, 10, 10), (1, 25, 10))) == pages
    assert reason(rows(BY_KEY, (1, 0, 10), (1, 25, 10), (1, 10, 10))) is None, "back"
    assert reason(rows(BY_KEY, (1, 0, 10), (1, 10, 10), (1, 0, 10))) is None, "begun again"
    assert reason(rows(BY_KEY, (1, 1, 3), (1, 2, 3), (1, 3, 3))) is None, "overlapping"
    assert reason(rows(BY_KEY, (1, 0, 1), (1, 1, 1), (1, 2, 1))) is None, "the next of each row"
    backwards = BY_KEY.replace(">", "<")
    assert reason(rows(backwards, (1, 30, 10), (1, 20, 10), (1, 10, 10))) == pages
    assert reason(rows(backwards, (1, 10, 10), (1, 20, 10), (1, 30, 10))) is None


def test_keys_whose_order_is_not_known() -> None:
    by_day = [(1, day, 10) for day in DAYS]
    assert reason(rows(BY_KEY, *by_day)) == "pages: only the bound of posts.id changes"
    assert reason(rows(BY_KEY, *by_day, *by_day)) is None
    assert reason(rows(BY_KEY, *[(1, day, 1) for day in DAYS])) is None
    six, five = (statement(1, sql="SELECT 1", fingerprint="1", rows=brought) for brought in (6, 5))
    each = [row._replace(serial=row.serial + 1) for row in rows(BY_KEY, *by_day)]
    assert batch_reason(each, facts_of(six, *each)) is None, "one for each row before"
    assert batch_reason(each, facts_of(five, *each)) is not None


@pytest.mark.parametrize(
    ("brought", "is_walk"),
    [
        ((10, 10, 4), True),
        ((10, 10, 0), True),
        ((10, 4, 0), True),
        ((10, 10, 10), False),
        ((10, 4, 3), False),
        ((4, 10, 10), False),
        ((10, 0, 0), False),
        ((10, 10, None), True),
    ],
)
def test_a_walk_in_an_order_that_is_not_known_has_full_pages_and_an_end(
    brought: tuple[int | None, ...], is_walk: bool
) -> None:
    pages = rows(BY_KEY, *[(1, day, 10) for day in DAYS[:3]])
    given = [row._replace(rows=number) for row, number in zip(pages, brought, strict=True)]
    assert (reason(given) == "pages: only the bound of posts.id changes") is is_walk


@pytest.mark.parametrize(
    ("bounds", "brought", "is_walk"),
    [
        ((0, 10, 14), (10, 4, 0), True),
        ((0, 10, 12), (10, 4, 0), False),
        ((0, 10, 20), (10, 10, 4), False),
        ((0, 10, 20), (10, 10, 0), False),
        (DAYS[:3], (10, 4, 0), False),
    ],
    ids=["went past its end", "no room for the rows", "ended", "ended with a full page", "no order"],
)
def test_as_many_pages_as_rows_came_before_are_a_walk_only_if_it_went_past_its_end(
    bounds: tuple[object, ...], brought: tuple[int, ...], is_walk: bool
) -> None:
    three = statement(1, sql="SELECT 1", fingerprint="1", rows=3)
    pages = rows(BY_KEY, *[(1, bound, 10) for bound in bounds])
    given = [row._replace(rows=number, serial=row.serial + 1) for row, number in zip(pages, brought, strict=True)]
    assert (batch_reason(given, facts_of(three, *given)) is not None) is is_walk


def test_what_a_join_brought_does_not_say_how_full_a_page_was() -> None:
    pages = rows(BY_KEY, *[(1, day, 10) for day in DAYS[:3]], rows=15)
    assert reason(pages) is None
    joined = NO_INFO._replace(joined=(("Post.comments",),))
    assert reason([row._replace(info=joined) for row in pages]) == "pages: only the bound of posts.id changes"


def test_a_limit_that_stands_in_the_text_is_no_value_that_was_given() -> None:
    assert reason(rows(BY_KEY, (1, 0), (1, 10), (1, 20))) == "pages: only the bound of posts.id changes"
    one, two, three = rows(BY_KEY, (1, 0), (1, 10), (1, 20))
    assert reason([one, two._replace(text=2), three]) is None, "another LIMIT in the text"


def test_the_rows_that_came_tell_pages_of_one_row_where_the_limit_is_in_the_text() -> None:
    only_offset = "SELECT posts.id FROM posts LIMIT ? OFFSET ?"
    pages = rows(only_offset, (), (), ())
    assert reason([row._replace(rows=1) for row in pages]) is None
    assert reason([row._replace(rows=5) for row in pages]) == "pages: only OFFSET changes"


def test_a_page_that_failed_may_be_sent_again() -> None:
    first, failed, again = rows(OFFSET, (1, 10, 0), (1, 10, 10), (1, 10, 10))
    assert reason([first, failed._replace(error="OperationalError"), again]) == "pages: only OFFSET changes"


def test_pages_whose_values_stand_in_the_text() -> None:
    only_offset = "SELECT posts.id FROM posts LIMIT ? OFFSET ?"
    assert reason(rows(only_offset, (), ())) == "pages: only OFFSET changes"
    assert reason(rows(OFFSET, (), ())) is None


def test_values_that_do_not_fit_the_text_say_nothing() -> None:
    assert reason(rows(OFFSET, (1, 10, 0), (1, 10))) is None


@pytest.mark.parametrize("operator", ["<", ">", "<=", ">="])
def test_each_bound_makes_pages(operator: str) -> None:
    sql = BY_KEY.replace(">", operator)
    assert (
        reason(rows(sql, *((1, key, 10) for key in ((0, 10) if ">" in operator else (10, 0)))))
        == "pages: only the bound of posts.id changes"
    )


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


CHUNK, BESIDE = range(25), "SELECT o.id FROM o WHERE o.customer = ? AND o.id IN (?)"


def test_only_the_parts_of_one_list_are_chunks() -> None:
    def chunked(*values: tuple[object, ...], sql: str = BESIDE) -> bool:
        found = reason(rows(sql, *values))
        return found is not None and found.startswith("chunks of an IN list, ")

    parts = [tuple(range(start, start + 25)) for start in (100, 200, 300)]
    assert chunked(*[("me", *part) for part in parts])
    assert chunked(*[(*part, "me") for part in parts]), "drivers order values differently"
    assert chunked(*[("me", *part) for part in parts], ("me", *range(900, 915))), "the last one is shorter"
    assert not chunked(*[(customer, *CHUNK) for customer in ("a", "b", "c")]), "one list for each"
    assert not chunked(*[(customer, *part) for customer, part in zip("abc", parts, strict=True)]), "a list of each"
    alone = "SELECT o.id FROM o WHERE o.id IN (?)"
    assert chunked(*parts, sql=alone)
    assert not chunked(*[tuple(range(start, start + 25)) for start in (0, 10, 20)], sql=alone), "overlapping"
    wide = f"UPDATE o SET {', '.join(f'c{n} = ?' for n in range(25))} WHERE o.id IN (?)"
    assert not chunked(*[(*CHUNK, number) for number in (100, 200, 300)], sql=wide)
    assert chunked(*[(*CHUNK, *part) for part in parts], sql=wide)
    both = f"{BESIDE} AND o.state IN (?)"
    assert chunked(*[("me", *part, "new", "old") for part in parts], sql=both)


@pytest.mark.parametrize(
    ("sql", "places"),
    [
        ("SELECT a FROM t WHERE b = ? AND c > ? LIMIT ?", (("b", "="), ("c", ">"), ("?", "LIMIT"))),
        ("SELECT a FROM t LIMIT ?, ?", (("t", "LIMIT"), ("t", "LIMIT"))),
        ("SELECT a FROM t WHERE b = ? LIMIT ?, ?", (("b", "="), ("?", "LIMIT"), ("?", "LIMIT"))),
        ("SELECT a FROM t WHERE (b, c) > (?, ?)", (("b, c", ">"), ("b, c", ">"))),
        ("SELECT a FROM t WHERE d ?| e AND b = ?", (("b", "="),)),
        ("SELECT a FROM t WHERE d ?& e AND d ?? f AND b = ?", (("b", "="),)),
        ("SELECT a FROM t WHERE b IN (?)", (("IN", "("),)),
        ("SELECT a FROM t WHERE b > lower(c, ?)", (("(", "c,"),)),
        ("SELECT a FROM t WHERE b = ANY(?) AND c = any (?)", (("", "ARRAY"), ("", "ARRAY"))),
        ("SELECT a FROM unnest(CAST(? AS int[])) JOIN json_array_elements_text(?)", (("", "ARRAY"), ("", "ARRAY"))),
        ("SELECT ?", (("", "SELECT"),)),
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


INSERT = {"operation": "INSERT", "writes": ("posts",), "site": SITE}


@pytest.mark.parametrize(("outcome", "is_known"), [("committed", True), ("open", True), ("rolled back", False)])
def test_a_last_row_that_was_refused_ends_no_transaction_that_may_commit(outcome: str, is_known: bool) -> None:
    inserted = rows("INSERT INTO posts (id) VALUES (?)", (1,), (2,), (3,), **INSERT)
    inserted[-1] = inserted[-1]._replace(error="IntegrityError")
    refused = "each row has a savepoint of its own, as some are refused"
    found = reason(inserted, transactions=(transaction(serial=1, outcome=outcome),))
    assert found == (refused if is_known else None)
    read = statement(4, transaction=1, fingerprint="read")
    assert batch_reason(inserted, facts_of(*inserted, read)) == refused
    assert batch_reason(inserted, facts_of(*inserted, read._replace(error="InternalError"))) is None, "it did not go on"
