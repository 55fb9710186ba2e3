"""Ask two databases whether statements that share a fingerprint are the same to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from query_guard.fingerprint import fingerprint

pytestmark = pytest.mark.once

POSTGRESQL_TABLES = """
CREATE TEMPORARY TABLE t (a int, b int, c text, d jsonb, e int[]);
CREATE TEMPORARY TABLE t_2024 (a int, b int, c text, d jsonb, e int[]);
CREATE TEMPORARY TABLE t_2025 (a int, b int, c text, d jsonb, e int[]);
CREATE TEMPORARY TABLE u (a int PRIMARY KEY, b int);
"""
SQLITE_TABLES = "CREATE TABLE t (a, b, c); CREATE TABLE t_2024 (a, b, c); CREATE TABLE u (a INTEGER PRIMARY KEY, b);"

SAME = [
    ("SELECT a FROM t WHERE b = 1", "select a\nfrom T where b=2 -- it's"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = -1"),
    ("SELECT a FROM t WHERE b - 1 = 2", "SELECT a FROM t WHERE b -3 = 4"),
    ("SELECT a FROM t WHERE c = 'x'", "SELECT a FROM t WHERE c = 'it''s'"),
    ("SELECT a FROM t WHERE c LIKE 'x%'", "SELECT a FROM t WHERE c LIKE 'y%'"),
    ("SELECT a FROM t WHERE b BETWEEN 1 AND 2", "SELECT a FROM t WHERE b BETWEEN 3 AND 4"),
    ("SELECT a FROM t ORDER BY b LIMIT 1 OFFSET 2", "SELECT a FROM t ORDER BY b LIMIT 3 OFFSET 4"),
    ("SELECT coalesce(a, 1) FROM t", "SELECT COALESCE(a, 2) FROM t"),
    ("SELECT CASE WHEN a = 1 THEN 2 ELSE 3 END FROM t", "SELECT CASE WHEN a = 4 THEN 5 ELSE 6 END FROM t"),
    ("SELECT t.a FROM t JOIN u ON t.a = u.a WHERE u.b = 1", "SELECT t . a FROM t JOIN u ON t.a=u.a WHERE u.b = 2"),
    (
        "SELECT a FROM t WHERE a IN (SELECT a FROM u WHERE b = 1)",
        "SELECT a FROM t WHERE a IN (SELECT a FROM u WHERE b = 2)",
    ),
    (
        "SELECT sum(a) OVER (PARTITION BY b) FROM t WHERE c = 'x'",
        "SELECT sum(a) OVER (PARTITION BY b) FROM t WHERE c = 'y'",
    ),
    (
        "WITH x AS (SELECT a FROM t WHERE b = 1) SELECT a FROM x",
        "WITH x AS (SELECT a FROM t WHERE b = 2) SELECT a FROM x",
    ),
    ("INSERT INTO u (a, b) VALUES (1, 2)", "INSERT INTO u(a, b) VALUES (3, 4)"),
    ("UPDATE t SET b = 1 WHERE a = 2", "UPDATE t SET b = 3 WHERE a = 4"),
    ("DELETE FROM t WHERE a = 1", "DELETE FROM t WHERE a = 2"),
    ("SELECT a FROM t GROUP BY a HAVING count(*) > 1", "SELECT a FROM t GROUP BY a HAVING count(*) > 2"),
]
SAME_POSTGRESQL = [
    ("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN (1, 2, 3, -4)"),
    ("SELECT a FROM t WHERE c = 'x'", r"SELECT a FROM t WHERE c = E'\n'"),
    ("SELECT a FROM t WHERE c = 'x'", "SELECT a FROM t WHERE c = $$it's$$"),
    ("SELECT a FROM t WHERE c = 'x'", "SELECT a FROM t WHERE c = $q$ $$ $q$"),
    ("SELECT a FROM t WHERE c = 'x'", "SELECT a /* x /* y */ z */ FROM t WHERE c = 'x'"),
    ("SELECT a FROM t WHERE c = 'x'::text", "SELECT a FROM t WHERE c = 'x'"),
    ("SELECT a FROM t WHERE e && ARRAY[1, 2]", "SELECT a FROM t WHERE e && ARRAY[1, 2, 3]"),
    ("SELECT a FROM t WHERE d ? 'x'", "SELECT a FROM t WHERE d ? 'y'"),
    ("SELECT d -> 'x' ->> 'y' FROM t", "SELECT d->'a'->>'b' FROM t"),
    ("SELECT e[1] FROM t", "SELECT e[2] FROM t"),
    (
        "INSERT INTO u VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = 1",
        "INSERT INTO u VALUES (3, 4) ON CONFLICT (a) DO UPDATE SET b = 5",
    ),
    ("INSERT INTO u VALUES (1, 2) RETURNING a", "INSERT INTO u VALUES (3, 4) RETURNING a"),
    ("SELECT a FROM t FOR UPDATE", "select a from t for update"),
    (
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = 1",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = 2",
    ),
]
DIFFERENT = [
    ("SELECT a FROM t_2024", "SELECT a FROM t"),
    ("SELECT a FROM t", "SELECT b FROM t"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b < 1"),
    ("SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b IS NOT NULL"),
    ("SELECT a + 1 FROM t", "SELECT a - 1 FROM t"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
    ("SELECT a FROM t UNION SELECT b FROM t", "SELECT a FROM t UNION ALL SELECT b FROM t"),
    ("INSERT INTO t (a) VALUES (1)", "INSERT INTO t (b) VALUES (1)"),
    ("UPDATE t SET a = 1", "UPDATE t SET b = 1"),
]
DIFFERENT_POSTGRESQL = [
    ("SELECT a FROM t_2024", "SELECT a FROM t_2025"),
    ("SELECT a FROM t WHERE d ? 'x'", "SELECT a FROM t WHERE d -> 'x' IS NULL"),
    ("SELECT d -> 'x' FROM t", "SELECT d ->> 'x' FROM t"),
    ("SELECT a FROM t WHERE e @> '{1}'", "SELECT a FROM t WHERE e <@ '{1}'"),
    ("SELECT coalesce(a, 1) FROM t", "SELECT coalesce(a, 1, 2) FROM t"),
    ("SELECT a FROM t", "SELECT a FROM t FOR UPDATE"),
]


@pytest.fixture(scope="module")
def postgresql(postgres_url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET compute_query_id = on")
        connection.execute(POSTGRESQL_TABLES)
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SQLITE_TABLES)
    yield connection
    connection.close()


def query_id(connection: psycopg.Connection[tuple[Any, ...]], sql: str) -> int:
    explain = f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}"
    row = connection.execute(explain).fetchone()
    assert row is not None
    identifier: int = row[0][0]["Query Identifier"]
    return identifier


def opcodes(database: sqlite3.Connection, sql: str) -> list[tuple[object, ...]]:
    """Return the program of `sql`, without the values that it loads."""
    rows = database.execute(f"EXPLAIN {sql}").fetchall()
    program = [(opcode, p1, p2, p3, p4) for _, opcode, p1, p2, p3, p4, *_ in rows if opcode != "Explain"]
    loads = {"Integer", "Int64", "String8", "Real"}
    return [(opcode, p2, p3) if opcode in loads else (opcode, p1, p2, p3, p4) for opcode, p1, p2, p3, p4 in program]


@pytest.mark.parametrize(("one", "other"), SAME + SAME_POSTGRESQL)
def test_postgresql_gives_one_query_id_to_one_shape(
    postgresql: psycopg.Connection[tuple[Any, ...]], one: str, other: str
) -> None:
    assert fingerprint(one).id == fingerprint(other).id
    assert query_id(postgresql, one) == query_id(postgresql, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT + DIFFERENT_POSTGRESQL)
def test_postgresql_tells_apart_what_we_tell_apart(
    postgresql: psycopg.Connection[tuple[Any, ...]], one: str, other: str
) -> None:
    assert fingerprint(one).id != fingerprint(other).id
    assert query_id(postgresql, one) != query_id(postgresql, other)


def test_statements_of_one_shape_never_have_two_query_ids(
    postgresql: psycopg.Connection[tuple[Any, ...]],
) -> None:
    corpus = {sql for pair in SAME + SAME_POSTGRESQL + DIFFERENT + DIFFERENT_POSTGRESQL for sql in pair}
    shapes: dict[str, set[int]] = {}
    for sql in corpus:
        shapes.setdefault(fingerprint(sql).text, set()).add(query_id(postgresql, sql))
    assert {text: ids for text, ids in shapes.items() if len(ids) > 1} == {}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_sqlite_runs_one_program_for_one_shape(database: sqlite3.Connection, one: str, other: str) -> None:
    assert fingerprint(one, "sqlite").id == fingerprint(other, "sqlite").id
    assert opcodes(database, one) == opcodes(database, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_sqlite_tells_apart_what_we_tell_apart(database: sqlite3.Connection, one: str, other: str) -> None:
    assert fingerprint(one, "sqlite").id != fingerprint(other, "sqlite").id
    assert opcodes(database, one) != opcodes(database, other)
