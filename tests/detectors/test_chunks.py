"""Which repetitions are chunks of one piece of work: twenty values or rows each, of one list, range, array or bound."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from query_guard.detectors.batches import batch_reason
from query_guard.records import Statement
from query_guard.records.salt import SALT, hash_of_list
from tests.reports import facts_of, statement

READ, WRITTEN = "read in chunks, about 20 rows each", "written in chunks, about 20 rows each"


class Array:
    """A value that is a list of so many values."""

    def __init__(self, length: int) -> None:
        self.length = length


def hashed(value: object) -> int:
    return hash_of_list(id(value), value.length) if isinstance(value, Array) else hash(value) ^ SALT


def rows(sql: str, *values: tuple[object, ...], **fields: Any) -> list[Statement]:
    operation = sql.partition(" ")[0]
    writes = () if operation == "SELECT" else ("o",)
    given = {"sql": sql, "operation": operation, "writes": writes, **fields}
    return [
        statement(n, **{"values": tuple(map(hashed, each)), "binds": len(each), **given})
        for n, each in enumerate(values, 1)
    ]


def reason(repeated: list[Statement]) -> str | None:
    return batch_reason(repeated, facts_of(*repeated))


LIST, OF_CUSTOMER = "SELECT o.id FROM o WHERE o.id IN (?)", "SELECT o.id FROM o WHERE o.customer = ? AND o.id IN (?)"


@pytest.mark.parametrize(("size", "is_chunk"), [(19, False), (20, True)])
def test_a_value_beside_a_list_is_none_of_its_chunk(size: int, is_chunk: bool) -> None:
    parts = rows(OF_CUSTOMER, *[("me", *range(low, low + size)) for low in (0, 100, 200)])
    assert reason(parts) == (f"chunks of an IN list, {size + 1} values each" if is_chunk else None)


@pytest.mark.parametrize(("twice", "is_chunk"), [(15, True), (16, False)])
def test_up_to_a_quarter_of_the_values_of_a_list_may_come_twice(twice: int, is_chunk: bool) -> None:
    starts = (0, 20 - twice, 100)
    parts = rows(LIST, *[tuple(range(start, start + 20)) for start in starts])
    assert (reason(parts) == "chunks of an IN list, 20 values each") is is_chunk


def test_a_value_of_the_list_that_is_in_all_executions_makes_a_loop() -> None:
    parts = [("me", 7, *range(low, low + 25)) for low in (100, 200, 300)]
    assert reason(rows(OF_CUSTOMER, *parts)) is None
    assert reason(rows(OF_CUSTOMER, *[("me", *part[2:]) for part in parts])) is not None


MANY = {"executemany": True, "values": ()}


@pytest.mark.parametrize(("sets", "expected"), [((20, 20), WRITTEN), ((30, 10), WRITTEN), ((20, 19), None)])
def test_sets_of_parameters_are_chunks_of_twenty_on_average(sets: tuple[int, int], expected: str | None) -> None:
    chunks = [rows("UPDATE o SET a = ? WHERE o.id = ?", (), binds=number, **MANY)[0] for number in sets]
    assert reason(chunks) == expected


def test_one_execution_with_one_set_of_parameters_is_no_chunk() -> None:
    first, second = rows("UPDATE o SET a = ? WHERE o.id = ?", (), (), **{**MANY, "binds": 40})
    assert reason([first, second]) == "written in chunks, about 40 rows each"
    assert reason([first, second._replace(executemany=False)]) is None


def test_many_columns_of_one_row_are_no_chunk() -> None:
    wide = f"UPDATE o SET {', '.join(f'c{n} = ?' for n in range(25))} WHERE o.id = ?"
    assert reason(rows(wide, *[(*range(25), number) for number in (1, 2, 3)], rows=1)) is None


@pytest.mark.parametrize(
    ("sql", "brought", "expected"),
    [
        ("INSERT INTO o (a) VALUES (?)", (20, 20), WRITTEN),
        ("INSERT INTO o (a) VALUES (?)", (39, 1), WRITTEN),
        ("INSERT INTO o (a) VALUES (?)", (20, 19), None),
        ("INSERT INTO o (a) VALUES (?)", (40, None), WRITTEN),
        ("INSERT INTO o (a) VALUES (?)", (None, None), None),
        ("INSERT INTO o (a) SELECT p.a FROM p WHERE p.customer = ?", (25, 25), None),
        ("INSERT INTO o (a) VALUES ((SELECT p.a FROM p WHERE p.customer = ?))", (25, 25), None),
        ("UPDATE o SET a = v.a FROM (VALUES (?) ) AS v (a)", (25, 25), None),
        ("UPDATE o SET a = 0 WHERE o.customer = ?", (25, 25), None),
        ("DELETE FROM o WHERE o.customer = ?", (25, 25), None),
    ],
)
def test_one_insert_of_many_rows_is_a_chunk(
    sql: str, brought: tuple[int | None, int | None], expected: str | None
) -> None:
    given = [row._replace(rows=number) for row, number in zip(rows(sql, (1,), (2,)), brought, strict=True)]
    assert reason(given) == expected


ARRAY = "SELECT o.id FROM o WHERE o.id = ANY(?)"
TWO_ARRAYS = "INSERT INTO o (a, b) SELECT * FROM unnest(?, ?)"
ARRAY_OF_CUSTOMER = "SELECT o.id FROM o WHERE o.customer = ? AND o.id = ANY(?)"
JSON = "SELECT o.id FROM o JOIN json_each(?) AS each ON each.value = o.id"


@pytest.mark.parametrize(
    ("sql", "values", "brought", "expected"),
    [
        (ARRAY, ((Array(20),), (Array(20),)), 1, READ),
        (ARRAY, ((Array(30),), (Array(10),)), None, READ),
        (ARRAY, ((Array(20),), (Array(19),)), 30, None),
        (TWO_ARRAYS, ((Array(5), Array(20)), (Array(6), Array(20))), 1, WRITTEN),
        (ARRAY_OF_CUSTOMER, (("me", Array(20)), ("me", Array(20))), 1, READ),
        (ARRAY_OF_CUSTOMER, (("me", Array(20)), ("you", Array(20))), 20, None),
        (JSON, (("[1]",), ("[2]",)), 20, READ),
        (JSON, (("[1]",), ("[2]",)), 19, None),
    ],
)  # fmt: skip
def test_an_array_is_a_chunk_of_its_values_or_of_its_rows_where_they_are_not_known(
    sql: str, values: tuple[tuple[object, ...], ...], brought: int | None, expected: str | None
) -> None:
    assert reason(rows(sql, *values, rows=brought)) == expected


def test_what_stands_in_the_text_is_the_same_for_all_chunks() -> None:
    assert reason(rows("SELECT o.id FROM o WHERE o.state = ? AND o.id = ANY(?)", (Array(20),), (Array(20),))) == READ
    update = "UPDATE o SET a = 0 WHERE o.state = ? AND o.id BETWEEN ? AND ?"
    assert reason(rows(update, (0, 19), (20, 39))) == WRITTEN
    first, second = rows(update, (0, 19), (20, 39))
    assert reason([first, second._replace(text=2)]) is None, "another state in the text"


DAYS = (date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3))


@pytest.mark.parametrize(
    ("operator", "bounds", "expected"),
    [
        ("<", (10, 20, 30), WRITTEN),
        ("<=", (10, 20, 30), WRITTEN),
        (">", (30, 20, 10), WRITTEN),
        (">=", (30, 20, 10), WRITTEN),
        ("<", (-30, 5, 10), WRITTEN),
        ("<", (10, 11, 12), WRITTEN),
        ("<", (30, 20, 10), None),
        (">", (10, 20, 30), None),
        ("<", (10, 20, 20), None),
        ("=", (10, 20, 30), None),
        ("=", (30, 20, 10), None),
        ("<", DAYS, WRITTEN),
        (">", DAYS, WRITTEN),
        ("<", (DAYS[0], DAYS[1], DAYS[0]), None),
        ("=", DAYS, None),
    ],
)
def test_a_delete_up_to_a_bound_is_a_chunk_if_the_bound_moves_on(
    operator: str, bounds: tuple[object, ...], expected: str | None
) -> None:
    sql = f"DELETE FROM o WHERE o.id {operator} ?"
    assert reason(rows(sql, *[(bound,) for bound in bounds], rows=20)) == expected
    assert reason(rows(sql, *[(bound,) for bound in bounds], rows=19)) is None


def test_a_delete_up_to_a_bound_for_each_customer_is_a_loop() -> None:
    sql = "DELETE FROM o WHERE o.id < ? AND o.customer = ?"
    assert reason(rows(sql, (10, "me"), (20, "you"), rows=20)) is None
    assert reason(rows(sql, (10, "me"), (20, "me"), rows=20)) == WRITTEN
