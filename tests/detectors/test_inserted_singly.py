"""Rows that one call inserts one at a time, as SQLAlchemy does where it cannot tell whose the returned rows are."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import NPlusOne
from query_guard.records import Engine, Statement
from tests.reports import facts_of, statement

FILE = Engine(2, "sqlite+pysqlite", "sqlite", False)


def insert(serial: int, **fields: Any) -> Statement:
    sql = "INSERT INTO posts (title) VALUES (?) RETURNING posts.id"
    given = {"sql": sql, "operation": "INSERT", "writes": ("posts",), "executemany": True, "values": ()}
    return statement(serial, **{**given, **fields})


def found(facts: Facts, singly: int = 10) -> list[str]:
    return [one.severity for one in NPlusOne(singly=singly)(facts) if isinstance(one, Finding)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"batches": 9, "binds": 9}, []),
        ({"batches": 10, "binds": 10}, ["warning"]),
        ({"batches": 10, "binds": 20}, []),
        ({"batches": 10, "binds": 10, "engine": FILE}, []),
        ({"batches": 10, "binds": 10, "sql": "INSERT INTO posts SELECT p0 FROM (VALUES (?)) AS imp_sen(p0)"}, []),
    ],
)
def test_rows_that_one_call_inserts_one_at_a_time_are_a_loop_on_a_server(
    fields: dict[str, Any], expected: list[str]
) -> None:
    assert found(facts_of(insert(1, **fields))) == expected


@pytest.mark.parametrize(("batches", "expected"), [(1, []), (2, ["warning"])])
def test_a_page_size_of_one_row_was_asked_for(batches: int, expected: list[str]) -> None:
    assert found(facts_of(insert(1, batches=batches, binds=batches)), singly=1) == expected


def test_rows_that_were_inserted_one_at_a_time_are_counted_over_all_calls_of_a_line() -> None:
    rows = [insert(1, batches=10, binds=10, duration=0.5, phase="dependency")]
    rows.append(insert(2, batches=30, binds=30, duration=0.5, request=2))
    (finding,) = [one for one in NPlusOne()(facts_of(*rows)) if isinstance(one, Finding)]
    assert (finding.count, finding.statements, finding.phase, finding.request) == (40, (1, 2), "dependency", 1)
    assert finding.summary.startswith("40 rows of posts were inserted one at a time, by one call: INSERT")
    assert finding.saving == pytest.approx(0.95)
    assert finding.too_many
    assert finding.fix.startswith("Let Python make the key of posts, ")
