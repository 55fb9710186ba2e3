"""What a statement reads and writes, which of its texts are one shape, and what is a name in it, clause by clause."""

from __future__ import annotations

import pytest

from query_guard.fingerprint import fingerprint

PG, SQLITE, MYSQL, MSSQL, ANY = "postgresql", "sqlite", "mysql", "mssql", "somethingelse"

SAME: list[tuple[str, str, str]] = [
    # the names of functions that are verbs elsewhere
    (
        PG,
        "INSERT INTO t VALUES (replace('x', 'y', 'z'))",
        "INSERT INTO t VALUES (replace(1, 2, 3)), (replace(4, 5, 6))",
    ),
    (
        PG,
        "SELECT a FROM t WHERE b IN (replace('x', 'y', 'z'))",
        "SELECT a FROM t WHERE b IN (replace(1, 2, 3), replace(4, 5, 6))",
    ),
    # lists before IN
    (PG, "SELECT a FROM t WHERE ARRAY[1, 2] IN ($1)", "SELECT a FROM t WHERE ARRAY[1] IN ($1, $2)"),
    (PG, "SELECT a FROM t WHERE (b, c) NOT IN ((1, 2))", "SELECT a FROM t WHERE (b, c) NOT IN ((1, 2), (3, 4))"),
    (PG, "SELECT a IN (1, 2) IN ($1) FROM t", "SELECT a IN (1) IN ($1) FROM t"),
    # values behind other elements of a list
    (PG, "SELECT a FROM t WHERE b IN (c, 1, 2)", "SELECT a FROM t WHERE b IN (c, 1, 2, 3)"),
    (PG, "SELECT a FROM t WHERE b IN (c, 1)", "SELECT a FROM t WHERE b IN (c, 1, 2, 3)"),
    # numbers
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = - 0xFF"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = +1::int"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = -5."),
    (PG, "SELECT -1, CASE WHEN a THEN -1 END FROM t LIMIT -1", "SELECT 1, CASE WHEN a THEN 1 END FROM t LIMIT 1"),
    (PG, "SELECT a FROM t WHERE b BETWEEN -1 AND -2", "SELECT a FROM t WHERE b BETWEEN 1 AND 2"),
    # a question mark that is a bind, and operators beside it
    (PG, "SELECT a FROM t WHERE b = $1 || 'x'", "SELECT a FROM t WHERE b = ?||'x'"),
    # names
    (PG, "SELECT Cafés.Zoé, T$Z.A FROM T$Z", "SELECT cafés.zoé, t$z.a FROM t$z"),
    (PG, 'SELECT NorthZ."T".A FROM NorthZ."T"', 'SELECT northz."T".a FROM northz."T"'),
    # strings between double quotes, beside each kind of operator
    *[
        (SQLITE, f'SELECT a FROM t WHERE b {operator} "x@y.z"', f"SELECT a FROM t WHERE b {operator} 'x'")
        for operator in ("=", "<>", "!=", "<", ">=", "||", "+", "LIKE", "NOT LIKE", "ILIKE")
    ],
    (SQLITE, 'SELECT a FROM t WHERE b IN ("x@y.z", "%")', "SELECT a FROM t WHERE b IN ('x')"),
]

DIFFERENT: list[tuple[str, str, str]] = [
    (SQLITE, "INSERT INTO t VALUES (1, 2)", "INSERT INTO t VALUES (1, 2), (1), (1), (1)"),
    (PG, "SELECT a FROM (VALUES (1)) AS x", "SELECT a FROM (VALUES (1)) AS x, (VALUES (2)) AS y"),
    (MYSQL, "SELECT CAFÉ FROM T$X", "SELECT café FROM t$x"),
    (SQLITE, 'SELECT "a".* FROM "a", "b"', 'SELECT "b".* FROM "a", "b"'),
    (PG, "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1), (b)"),
    (PG, "SELECT f(a, (1))", "SELECT f(a, (1), (2))"),
    (PG, "SELECT a FROM t WHERE b IN (lower('x'))", "SELECT a FROM t WHERE b IN (lower('x'), upper('y'))"),
]

READABLE: list[tuple[str, str, str]] = [
    (PG, "values (1), (2)", "VALUES (?)"),
    (PG, "select (1 + a)", "SELECT (? + a)"),
    (PG, 'select a from t where b in ("x', "SELECT a FROM t WHERE b IN (?"),
    (MYSQL, "select @a - 1, b -1, (-1)", "SELECT @a - ?, b - ?, (?)"),
    (PG, "select a from t where lower(b) in ('x')", "SELECT a FROM t WHERE lower(b) IN (?)"),
    (PG, "select a from t where b ?| $1 and c ? 'x'", "SELECT a FROM t WHERE b ?| ? AND c ? ?"),
    (
        PG,
        "select a from (values (1)) as x, (values (2)) as y",
        "SELECT a FROM (VALUES (?)) AS x, (VALUES (?)) AS y",
    ),
    (
        PG,
        "select sum(a) over w from t window w as (order by a), v as (order by b)",
        "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY a), v AS (ORDER BY b)",
    ),
]

TABLES: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = [
    ('"secret" 1', "OTHER", (), ()),
    ("é 1", "OTHER", (), ()),
    ("call2 x", "OTHER", (), ()),
    ("CALL x(1)", "CALL", (), ()),
    ("SELECT a FROM t UNION TABLE u", "SELECT", ("t", "u"), ()),
    ("CREATE UNLOGGED TABLE t (a int)", "CREATE", ("t",), ()),
    ("SHOW COLUMNS FROM t", "SHOW", ("t",), ()),
]

QUOTED_NAMES: list[tuple[str, str, str]] = [
    (SQLITE, 'DELETE FROM t RETURNING "a", "b"', ""),
    (SQLITE, 'SELECT "a".* FROM "a" JOIN "b" ON "a".id = "b".id', ""),
    (SQLITE, 'DROP TABLE IF EXISTS "t"', ""),
    (SQLITE, 'DROP INDEX "ix"', ""),
    (SQLITE, 'ALTER TABLE "t" ADD "b" int', ""),
    (MSSQL, 'CREATE TABLE t ("a" int REFERENCES "u" ("b"))', ""),
]

SECRETS: list[tuple[str, str]] = [
    (SQLITE, '"hunter2"'),
    (SQLITE, 'CREATE TABLE t (a TEXT, CHECK ("hunter2" <> a))'),
    (SQLITE, 'CREATE TABLE t (a TEXT CHECK ("hunter2" <> a))'),
    (SQLITE, 'CREATE TABLE t (a TEXT CHECK (length("hunter2") < a))'),
    (SQLITE, 'ALTER TABLE t ADD b text DEFAULT "hunter2"'),
    (MSSQL, 'SET "hunter2"'),
    (MSSQL, 'SET x "hunter2"'),
    (MSSQL, "ALTER LOGIN x WITH PASSWORD = hunter2"),
    ("oracle", "SELECT a FROM u WHERE n = q'!'hunter2!'"),
    ("oracle", "SELECT a FROM u WHERE n = q'[hunter2"),
    ("postgresql", "SELECT a FROM u WHERE n = $a$ hunter2"),
    ("bigquery", "SELECT '''it''s hunter2''' FROM t"),
]


@pytest.mark.parametrize(("dialect", "one", "other"), SAME)
def test_one_shape(dialect: str, one: str, other: str) -> None:
    assert fingerprint(one, dialect) == fingerprint(other, dialect)


@pytest.mark.parametrize(("dialect", "one", "other"), DIFFERENT)
def test_two_shapes(dialect: str, one: str, other: str) -> None:
    assert fingerprint(one, dialect).text != fingerprint(other, dialect).text


@pytest.mark.parametrize(("dialect", "sql", "text"), READABLE)
def test_the_text(dialect: str, sql: str, text: str) -> None:
    assert fingerprint(sql, dialect).text == text


@pytest.mark.parametrize(("sql", "operation", "tables", "writes"), TABLES)
def test_operation_tables_and_writes(
    sql: str, operation: str, tables: tuple[str, ...], writes: tuple[str, ...]
) -> None:
    shape = fingerprint(sql)
    assert (shape.operation, shape.tables, shape.writes) == (operation, tables, writes)


@pytest.mark.parametrize(("dialect", "sql", "text"), QUOTED_NAMES)
def test_a_name_between_double_quotes_is_shown_where_no_value_can_stand(dialect: str, sql: str, text: str) -> None:
    assert fingerprint(sql, dialect).text.replace(" (", "(") == (text or sql).replace(" (", "(")


@pytest.mark.parametrize(("dialect", "sql"), SECRETS)
def test_what_may_be_a_value_is_hidden(dialect: str, sql: str) -> None:
    assert "hunter2" not in fingerprint(sql, dialect).text
