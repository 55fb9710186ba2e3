from __future__ import annotations

import importlib
import threading
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select, tuple_, update
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

from query_guard.fingerprint import Fingerprint, fingerprint

module = importlib.import_module("query_guard.sql.fingerprint")
PG, SQLITE, MYSQL, ANY = "postgresql", "sqlite", "mysql", "somethingelse"

SAME: list[tuple[str, str, str]] = [
    # values
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 'x'"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = $1"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = %(b_1)s"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b=%s"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = :b_1"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b=?"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = NULL"),
    (PG, "SELECT a FROM t WHERE b = TRUE", "SELECT a FROM t WHERE b = false"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = -1"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = - 1.5e-7"),
    (PG, "SELECT a FROM t WHERE b = .5", "SELECT a FROM t WHERE b = 0xFF"),
    (PG, "SELECT a FROM t WHERE b = 1_000", "SELECT a FROM t WHERE b = 1"),
    (PG, "SELECT a-1 FROM t", "SELECT a - 1 FROM t"),
    (PG, "SELECT a-1 FROM t", "SELECT a - -1 FROM t"),
    (PG, "SELECT f(-1, -2) FROM t", "SELECT f(1, 2) FROM t"),
    (PG, "SELECT 'it''s' FROM t", "SELECT 'x' FROM t"),
    (PG, "SELECT '' FROM t", "SELECT '-- no comment' FROM t"),
    (PG, "SELECT '/* no comment' FROM t", "SELECT 'x' FROM t"),
    (PG, r"SELECT E'it\'s' FROM t", "SELECT 'x' FROM t"),
    (PG, r"SELECT e'a\\' FROM t", "SELECT 'x' FROM t"),
    (PG, r"SELECT 'a\' FROM t", "SELECT 'x' FROM t"),
    (PG, "SELECT N'x', X'1F', b'01', U&'d' FROM t", "SELECT 'a', 'b', 'c', 'd' FROM t"),
    (PG, "SELECT $$it's$$ FROM t", "SELECT 'x' FROM t"),
    (PG, "SELECT $tag$ $$ $other$ $tag$ FROM t", "SELECT 'x' FROM t"),
    (PG, "SELECT $$ /* $$ FROM t", "SELECT 'x' FROM t"),
    (PG, "SELECT interval '1 day' FROM t", "SELECT INTERVAL '2 days' FROM t"),
    # casts of values
    (PG, "SELECT a FROM t WHERE b = $1::INTEGER", "SELECT a FROM t WHERE b = $1"),
    (PG, "SELECT a FROM t WHERE b = $1::VARCHAR(20)", "SELECT a FROM t WHERE b = 'x'"),
    (PG, "SELECT a FROM t WHERE b = $1::TIMESTAMP WITHOUT TIME ZONE", "SELECT a FROM t WHERE b = $1"),
    (PG, "SELECT a FROM t WHERE b = $1::TIMESTAMP(6) WITH TIME ZONE", "SELECT a FROM t WHERE b = $1"),
    (PG, "SELECT a FROM t WHERE b = $1::DOUBLE PRECISION", "SELECT a FROM t WHERE b = 1.0"),
    (PG, "SELECT a FROM t WHERE b = $1::NUMERIC(10, 2)", "SELECT a FROM t WHERE b = 1.0"),
    (PG, "SELECT a FROM t WHERE b @> $1::INTEGER[]", "SELECT a FROM t WHERE b @> '{1}'"),
    (PG, "SELECT a FROM t WHERE b = 'x'::north.\"Mood\"", "SELECT a FROM t WHERE b = 'x'"),
    (PG, "SELECT a FROM t WHERE b = '1'::text::int", "SELECT a FROM t WHERE b = 1"),
    (PG, "SELECT a FROM t WHERE b = NULL :: int", "SELECT a FROM t WHERE b = NULL"),
    (PG, "SELECT a FROM t LIMIT $1::INTEGER OFFSET $2::INTEGER", "SELECT a FROM t LIMIT 1 OFFSET 2"),
    # comments, space, case
    (PG, "SELECT a FROM t", "select\n\ta\r\nfrom  t ;"),
    (PG, "SELECT a FROM t", "SELECT a -- it's\nFROM t"),
    (PG, "SELECT a FROM t", "/* x */SELECT/**/a/* '*/FROM t--"),
    (PG, "SELECT a FROM t", "SELECT a /* x /* nested */ still out */ FROM t"),
    (PG, "SELECT a FROM t", "SELECT a FROM t /*traceparent='00-abc-01'*/"),
    (PG, "SELECT a.b FROM a", "SELECT a . b FROM a"),
    (PG, "SELECT Users.ID FROM Users", "SELECT users.id FROM USERS"),
    (PG, "SELECT COUNT(*) FROM t", "select count ( * ) from t"),
    (SQLITE, "SELECT Users.ID FROM Users", "SELECT users.id FROM USERS"),
    (SQLITE, "SELECT a FROM t", "SELECT a /* x /* not nested */ FROM t"),
    (MYSQL, "SELECT a FROM t", "select a # it's\nFROM t"),
    (MYSQL, "SELECT a FROM t", "SELECT a -- it's\nFROM t"),
    (MYSQL, "SELECT a-1 FROM t", "SELECT a--1 FROM t"),
    (MYSQL, "SELECT STRAIGHT_JOIN a FROM t", "SELECT /*!50000 STRAIGHT_JOIN */ a FROM t"),
    (MYSQL, "SELECT a FROM t", "SELECT /*+ BKA(t) */ a FROM t"),
    # strings of the other databases
    (MYSQL, 'SELECT "it\'s" FROM t', "SELECT 'x' FROM t"),
    (MYSQL, r"SELECT 'it\'s', 2 FROM t", "SELECT 'x', 3 FROM t"),
    (MYSQL, r'SELECT "a\"b" FROM t', "SELECT 'x' FROM t"),
    (MYSQL, "SELECT x'1F', 0x1F, b'1' FROM t", "SELECT 'a', 1, 2 FROM t"),
    (SQLITE, r"SELECT 'a\' FROM t", "SELECT 'x' FROM t"),
    (SQLITE, "SELECT a FROM t WHERE b = ?1", "SELECT a FROM t WHERE b = @name"),
    (SQLITE, "SELECT a FROM t WHERE b = $name", "SELECT a FROM t WHERE b = :name"),
    # IN lists
    (PG, "SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (1, 2, 3)"),
    (PG, "SELECT a FROM t WHERE b IN ($1::INTEGER, $2::INTEGER)", "SELECT a FROM t WHERE b IN ($1::INTEGER)"),
    (PG, "SELECT a FROM t WHERE b IN ('a', NULL, -1, TRUE)", "SELECT a FROM t WHERE b IN (1)"),
    (PG, "SELECT a FROM t WHERE b IN (NULL, 1)", "SELECT a FROM t WHERE b IN (1)"),
    (PG, "SELECT a FROM t WHERE b IN (1, /* x */ 2 -- y\n)", "SELECT a FROM t WHERE b IN (1)"),
    (PG, "SELECT a FROM t WHERE b IN (__[POSTCOMPILE_id_1])", "SELECT a FROM t WHERE b IN (?)"),
    (PG, "SELECT a FROM t WHERE b IN (__[POSTCOMPILE_id_1])", "SELECT a FROM t WHERE b IN (NULL) AND (1 != 1)"),
    (
        PG,
        "SELECT a FROM t WHERE (b NOT IN (__[POSTCOMPILE_id_1]))",
        "SELECT a FROM t WHERE (b NOT IN (NULL) OR (1 = 1))",
    ),
    (
        PG,
        "SELECT a FROM t WHERE b IN (__[POSTCOMPILE_x~~lower(~~REPL~~)~~])",
        "SELECT a FROM t WHERE b IN (lower($1), lower($2))",
    ),
    (PG, "SELECT a FROM t WHERE b IN (lower('x'))", "SELECT a FROM t WHERE b IN (lower('x'), lower('y'))"),
    (PG, "SELECT a FROM t WHERE (b, c) IN ((1, 2))", "SELECT a FROM t WHERE (b, c) IN ((1, 2), (3, 4), (5, 6))"),
    (PG, "SELECT a FROM t WHERE (b, c) IN ((1, 2))", "SELECT a FROM t WHERE (b, c) IN (__[POSTCOMPILE_param_1])"),
    (
        PG,
        "SELECT a FROM t WHERE (b, c) IN ((1, 2))",
        "SELECT a FROM t WHERE (b, c) IN ((NULL, NULL)) AND (1 != 1)",
    ),
    (PG, "SELECT a FROM t WHERE (b, c) NOT IN ((1, 2))", "SELECT a FROM t WHERE (b, c) NOT IN (__[POSTCOMPILE_p])"),
    (
        PG,
        "SELECT a FROM t WHERE b = ANY (ARRAY[1, 2])",
        "SELECT a FROM t WHERE b = any(array[1])".replace("any(", "any ("),
    ),
    (PG, "SELECT ARRAY[[1, 2], [3, 4]] FROM t", "SELECT ARRAY[[1]] FROM t"),
    (SQLITE, "SELECT a FROM t WHERE b IN (?, ?)", "SELECT a FROM t WHERE b IN (?)"),
    (SQLITE, "SELECT a FROM t WHERE b IN (?)", "SELECT a FROM t WHERE b IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)"),
    (
        SQLITE,
        "SELECT a FROM t WHERE (b, c) IN (VALUES (?, ?), (?, ?))",
        "SELECT a FROM t WHERE (b, c) IN (VALUES (?, ?))",
    ),
    (
        SQLITE,
        "SELECT a FROM t WHERE (b, c) IN (__[POSTCOMPILE_p])",
        "SELECT a FROM t WHERE (b, c) IN (VALUES (?, ?), (?, ?))",
    ),
    (
        SQLITE,
        "SELECT a FROM t WHERE (b, c) IN (__[POSTCOMPILE_p])",
        "SELECT a FROM t WHERE (b, c) IN (SELECT 1, 1 FROM (SELECT 1, 1) WHERE 1!=1)",
    ),
    (MYSQL, "SELECT a FROM t WHERE b IN (%s, %s)", "SELECT a FROM t WHERE b IN (NULL) AND (1 != 1)"),
    (
        MYSQL,
        "SELECT a FROM t WHERE b IN (%s)",
        "SELECT a FROM t WHERE b IN (SELECT _in_0 FROM (SELECT 1 AS _in_0) as _empty_set WHERE 1!=1)",
    ),
    ("mssql", "SELECT a FROM t WHERE b IN (?)", "SELECT a FROM t WHERE b IN (SELECT 1 WHERE 1!=1)"),
    (PG, "SELECT a FROM t WHERE b IN (SELECT CAST(NULL AS INTEGER) WHERE 1!=1)", "SELECT a FROM t WHERE b IN (?)"),
    # VALUES
    (PG, "INSERT INTO t (a, b) VALUES (1, 2)", "INSERT INTO t (a, b) VALUES (1, 2), (3, 4), (5, 6)"),
    (PG, "INSERT INTO t (a, b) VALUES (1, 'x, (y)')", "INSERT INTO t(a,b) VALUES(NULL,-2),(TRUE,'z')"),
    (PG, "INSERT INTO t (a) VALUES (lower('x'))", "INSERT INTO t (a) VALUES (lower('x')), (lower('y'))"),
    (PG, "INSERT INTO t (a) VALUES (DEFAULT)", "INSERT INTO t (a) VALUES (DEFAULT), (DEFAULT)"),
    (PG, "INSERT INTO t (a) VALUES ((1)), ((2))", "INSERT INTO t (a) VALUES ((1))"),
    (MYSQL, "INSERT INTO t (a) VALUES (%s)", "INSERT INTO t (a) VALUES (%s), (%s)"),
    (
        SQLITE,
        "INSERT INTO t (a) VALUES (?), (?) ON CONFLICT DO NOTHING",
        "INSERT INTO t (a) VALUES (?) ON CONFLICT DO NOTHING",
    ),
    (
        PG,
        "INSERT INTO t (a) SELECT p0::VARCHAR FROM (VALUES ($1::VARCHAR, 0), ($2::VARCHAR, 1)) "
        "AS imp_sen(p0, sen_counter) ORDER BY sen_counter RETURNING t.id, t.id AS id__1",
        "INSERT INTO t (a) SELECT p0::VARCHAR FROM (VALUES ($1::VARCHAR, 0), ($2::VARCHAR, 1), ($3::VARCHAR, 2)) "
        "AS imp_sen(p0, sen_counter) ORDER BY sen_counter RETURNING t.id, t.id AS id__1",
    ),
    (
        PG,
        "INSERT INTO t (a) SELECT p0::VARCHAR FROM (VALUES ($1::VARCHAR, 0)) AS imp_sen(p0, sen_counter)",
        "INSERT INTO t (a) SELECT p0::VARCHAR FROM (VALUES (%(a)s::VARCHAR)) AS imp_sen(p0, sen_counter)",
    ),
    # savepoints
    (PG, "SAVEPOINT sa_savepoint_1", "SAVEPOINT sa_savepoint_2"),
    (PG, "ROLLBACK TO SAVEPOINT a", 'ROLLBACK TO SAVEPOINT "b"'),
    (PG, "RELEASE SAVEPOINT a", "RELEASE SAVEPOINT b"),
    (SQLITE, "ROLLBACK TO a", "ROLLBACK TO b"),
    (MYSQL, "RELEASE SAVEPOINT `a`", "RELEASE SAVEPOINT b"),
    # cut text
    (PG, "SELECT a FROM t WHERE b = 'x", "SELECT a FROM t WHERE b = 'y and more"),
    (PG, "SELECT a FROM t /* open", "SELECT a FROM t"),
    (PG, 'SELECT a FROM t WHERE "x', 'SELECT a FROM t WHERE "y z'),
    # unknown databases
    (ANY, "SELECT a FROM t WHERE b = :b1", "SELECT a FROM t WHERE b = ?"),
    # strings between double quotes
    (SQLITE, 'SELECT a FROM t WHERE b = "x@y.z"', "SELECT a FROM t WHERE b = 'x'"),
    (SQLITE, 'SELECT a FROM t WHERE b LIKE "%x%"', "SELECT a FROM t WHERE b LIKE ?"),
    (SQLITE, 'INSERT INTO t (a) VALUES ("x")', "INSERT INTO t (a) VALUES ('y'), (?)"),
    # strings of databases that have their own
    ("oracle", "SELECT q'[it's]', nq'{}}', Q'!a'!' FROM t", "SELECT 'x', 'y', 'z' FROM t"),
    ("oracle", 'SELECT a FROM t WHERE b = :"b"', "SELECT a FROM t WHERE b = :c"),
    ("bigquery", r"""SELECT '''it's \''' ''', r'\'', "x" FROM t""", "SELECT 'x', 'y', 'z' FROM t"),
    ("databricks", r"""SELECT 'it\'s', r'\', "x", 1 FROM t""", "SELECT 'x', 'y', 'z', 2 FROM t"),
    ("clickhouse", r"SELECT 'it\'s', $a$it's$a$ FROM t", "SELECT 'x', 'y' FROM t"),
    ("snowflake", r"SELECT 'it\'s', $$it's$$ FROM t -- x", "SELECT 'x', 'y' FROM t // it's"),
    ("duckdb", r"SELECT E'it\'s', $$it's$$ FROM t", "SELECT 'x', 'y' FROM t"),
    ("mssql", "SELECT a /* x /* nested */ still out */ FROM t", "SELECT a FROM t"),
    ("other", "SELECT q'[it's]' FROM t", "SELECT 'x' FROM t"),
    # settings
    (PG, "SET app.user = alice", "SET app.user = 'bob'"),
    (PG, "SET search_path TO a, b", "SET search_path TO c"),
    (PG, "SET ROLE alice", "SET ROLE bob"),
    (SQLITE, "PRAGMA cache_size(10)", "PRAGMA cache_size(20)"),
    ("oracle", "SELECT a FROM t OFFSET __[POSTCOMPILE_p_1] ROWS", "SELECT a FROM t OFFSET 4 ROWS"),
]

DIFFERENT: list[tuple[str, str, str]] = [
    # names
    (PG, "SELECT a FROM t_2024", "SELECT a FROM t_2025"),
    (PG, "SELECT a FROM north.t", "SELECT a FROM south.t"),
    (PG, "SELECT a FROM t", "SELECT a FROM north.t"),
    (PG, "SELECT a1 FROM t", "SELECT a2 FROM t"),
    (PG, "SELECT a FROM t AS t_1", "SELECT a FROM t AS t_2"),
    (PG, 'SELECT "A" FROM t', 'SELECT "a" FROM t'),
    (PG, 'SELECT "a b" FROM t', 'SELECT "a  b" FROM t'),
    (PG, 'SELECT "a( b" FROM t', 'SELECT "a(b" FROM t'),
    (PG, 'SELECT "a""b" FROM t', 'SELECT "a" "b" FROM t'),
    (PG, "SELECT É FROM t", "SELECT é FROM t"),
    (PG, "SELECT İ FROM t", "SELECT i FROM t"),
    (PG, "SELECT \u017felect FROM t", "SELECT select FROM t"),
    (PG, "SELECT a\u00a0b FROM t", "SELECT ab FROM t"),
    (PG, "SELECT a\u00a0b FROM t", "SELECT a b FROM t"),
    (PG, "SELECT a$1 FROM t", "SELECT a$2 FROM t"),
    (PG, "SELECT __[SCHEMA_a].t.x FROM __[SCHEMA_a].t", "SELECT __[SCHEMA_b].t.x FROM __[SCHEMA_b].t"),
    (MYSQL, "SELECT a FROM Users", "SELECT a FROM users"),
    (MYSQL, "SELECT `a` FROM t", "SELECT `b` FROM t"),
    (MYSQL, "SELECT `a` FROM t", "SELECT 'a' FROM t"),
    (MYSQL, "SELECT 2fa FROM t", "SELECT 3fa FROM t"),
    (MYSQL, "SELECT @a FROM t", "SELECT @b FROM t"),
    (MYSQL, "SELECT @a FROM t", "SELECT @@a FROM t"),
    (SQLITE, "SELECT [a] FROM t", "SELECT [b] FROM t"),
    (SQLITE, 'SELECT "a" FROM t', 'SELECT "b" FROM t'),
    (SQLITE, "SELECT `a` FROM t", "SELECT `b` FROM t"),
    ("mssql", "SELECT a FROM [x].[t]", "SELECT a FROM [y].[t]"),
    ("mssql", "SELECT a FROM #t", "SELECT a FROM ##t"),
    # operators
    (PG, "SELECT a + 1 FROM t", "SELECT a - 1 FROM t"),
    (PG, "SELECT key + 1 FROM t", "SELECT key - 1 FROM t"),
    (PG, "SELECT a - b FROM t", "SELECT a + b FROM t"),
    (PG, "SELECT - a FROM t", "SELECT a FROM t"),
    (PG, "SELECT a FROM t WHERE b < 1", "SELECT a FROM t WHERE b <= 1"),
    (PG, "SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b != 1"),
    (PG, "SELECT a FROM t WHERE b ? 'x'", "SELECT a FROM t WHERE b ?| 'x'"),
    (PG, "SELECT a FROM t WHERE b ?& 'x'", "SELECT a FROM t WHERE b ?| 'x'"),
    (PG, "SELECT a FROM t WHERE b @> 'x'", "SELECT a FROM t WHERE b <@ 'x'"),
    (PG, "SELECT a FROM t WHERE b @? 'x'", "SELECT a FROM t WHERE b @@ 'x'"),
    (PG, "SELECT a -> 'x' FROM t", "SELECT a ->> 'x' FROM t"),
    (PG, "SELECT a #> 'x' FROM t", "SELECT a #>> 'x' FROM t"),
    (PG, "SELECT a <-> 'x' FROM t", "SELECT a <=> 'x' FROM t"),
    (PG, "SELECT a || 'x' FROM t", "SELECT a | 'x' FROM t"),
    (PG, "SELECT a ~ 'x' FROM t", "SELECT a ~* 'x' FROM t"),
    (PG, "SELECT a !~ 'x' FROM t", "SELECT a ~ 'x' FROM t"),
    (PG, "SELECT a % 2 FROM t", "SELECT a / 2 FROM t"),
    (PG, "SELECT a[1] FROM t", "SELECT a[1:2] FROM t"),
    (PG, "SELECT a[b:c] FROM t", "SELECT a[b:d] FROM t"),
    (PG, "SELECT a FROM t WHERE b LIKE 'x'", "SELECT a FROM t WHERE b ILIKE 'x'"),
    (PG, "SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b NOT IN (1)"),
    (PG, "SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b IS NOT NULL"),
    (PG, "SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b IS TRUE"),
    (PG, "SELECT a FROM t WHERE b = 1 AND c = 2", "SELECT a FROM t WHERE b = 1 OR c = 2"),
    (MYSQL, "SELECT a -> '$.x' FROM t", "SELECT a ->> '$.x' FROM t"),
    (MYSQL, "SELECT a <=> 1 FROM t", "SELECT a <> 1 FROM t"),
    # verbs and clauses
    (PG, "SELECT a FROM t LIMIT 1", "SELECT a FROM t OFFSET 1"),
    (PG, "SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
    (PG, "SELECT a FROM t", "SELECT DISTINCT a FROM t"),
    (PG, "SELECT a FROM t", "SELECT a FROM t FOR UPDATE"),
    (PG, "SELECT a FROM t UNION SELECT b FROM t", "SELECT a FROM t UNION ALL SELECT b FROM t"),
    (PG, "SELECT a FROM t JOIN u ON true", "SELECT a FROM t LEFT OUTER JOIN u ON true"),
    (PG, "SELECT sum(a) OVER (PARTITION BY b) FROM t", "SELECT sum(a) OVER (ORDER BY b) FROM t"),
    (PG, "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", "INSERT INTO t (a) VALUES (1)"),
    (PG, "INSERT INTO t (a) VALUES (1) RETURNING a", "INSERT INTO t (a) VALUES (1)"),
    (PG, "INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) VALUES (DEFAULT)"),
    (PG, "INSERT INTO t (a) VALUES (1)", "INSERT INTO t (b) VALUES (1)"),
    (PG, "INSERT INTO t VALUES (1, 2)", "INSERT INTO t VALUES (1, 2, 3)"),
    (PG, "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (lower('x'))"),
    (PG, "INSERT INTO t VALUES (1)", "REPLACE INTO t VALUES (1)"),
    (PG, "UPDATE t SET a = 1", "UPDATE t SET b = 1"),
    (PG, "SAVEPOINT a", "RELEASE SAVEPOINT a"),
    (PG, "ROLLBACK", "ROLLBACK TO SAVEPOINT a"),
    (PG, "SELECT savepoint a", "SELECT savepoint b"),
    (PG, "WITH x AS (SELECT 1) SELECT a FROM x", "WITH y AS (SELECT 1) SELECT a FROM y"),
    # what never collapses
    (PG, "SELECT coalesce(a, 1) FROM t", "SELECT coalesce(a, 1, 2) FROM t"),
    (PG, "SELECT f(1) FROM t", "SELECT f(1, 2) FROM t"),
    (PG, "SELECT 1 FROM t", "SELECT 1, 2 FROM t"),
    (PG, "SELECT f((1), (2)) FROM t", "SELECT f((1)) FROM t"),
    (PG, "SELECT a FROM t WHERE b IN (SELECT 1, 2 FROM u)", "SELECT a FROM t WHERE b IN (SELECT 1 FROM u)"),
    (PG, "SELECT a FROM t WHERE b IN (c, d)", "SELECT a FROM t WHERE b IN (c)"),
    (PG, "SELECT a FROM t WHERE b IN (1, 2 + c)", "SELECT a FROM t WHERE b IN (2 + c)"),
    (PG, "SELECT a FROM t WHERE (b, c) IN ((1, 2))", "SELECT a FROM t WHERE (b, c, d) IN ((1, 2, 3))"),
    (PG, "SELECT a FROM t WHERE b IN (1) AND (c != 1)", "SELECT a FROM t WHERE b IN (1)"),
    (PG, "SELECT a FROM t WHERE b IN (1) AND (1 != 1)", "SELECT a FROM t WHERE b IN (1)"),
    (PG, "SELECT a::int FROM t", "SELECT a::text FROM t"),
    # what may be a name or a string
    (SQLITE, 'SELECT a FROM t WHERE "b" = 1', 'SELECT a FROM t WHERE "c" = 1'),
    (SQLITE, 'SELECT a FROM t WHERE b = "c"', 'SELECT a FROM t WHERE b = "d"'),
    (SQLITE, 'SELECT a FROM t ORDER BY "b"', 'SELECT a FROM t ORDER BY "c"'),
    ("mssql", 'SELECT "a b" FROM t', 'SELECT "a c" FROM t'),
    (ANY, 'SELECT "a" FROM t', 'SELECT "b" FROM t'),
    (ANY, r"SELECT 'x\' FROM t", r"SELECT 'x\' FROM u"),
    (SQLITE, "PRAGMA table_info(t)", "PRAGMA table_info(u)"),
    (PG, "SET a = 1", "SET b = 1"),
    (MYSQL, "SET a = 1, b = 2", "SET a = 1, c = 2"),
    (PG, "SELECT a::int FROM t", "SELECT a FROM t"),
    (PG, "SELECT CAST(a AS int) FROM t", "SELECT CAST(a AS text) FROM t"),
    (PG, "SELECT a -- b\n, c FROM t", "SELECT a, b FROM t"),
    (PG, "SELECT 1; SELECT a", "SELECT 1; SELECT b"),
]

READABLE: list[tuple[str, str, str]] = [
    (
        PG,
        "select users.id from users where users.id in (1, 2) limit 5",
        "SELECT users.id FROM users WHERE users.id IN (?) LIMIT ?",
    ),
    (PG, "insert into users(name) values('a'),('b')", "INSERT INTO users (name) VALUES (?)"),
    (PG, "select a from t where (a,b) in ((1,2),(3,4))", "SELECT a FROM t WHERE (a, b) IN ((?, ?))"),
    (PG, "select array[1,2], x[3], count( * )", "SELECT ARRAY[?], x[?], count(*)"),
    (PG, "select data->>'k', data ? 'k', -1", "SELECT data ->> ?, data ? ?, ?"),
    (PG, "create table t (a int not null default true)", "CREATE TABLE t (a int NOT NULL DEFAULT TRUE)"),
    (PG, "select a from t join u on true", "SELECT a FROM t JOIN u ON TRUE"),
    (PG, "alter table t alter a set null", "ALTER TABLE t ALTER a SET NULL"),
    (PG, "select cast(a as numeric(10,2)) from t", "SELECT CAST(a AS numeric(?, ?)) FROM t"),
    (MYSQL, "select COUNT(*) from Users where `a`=%s", "SELECT COUNT(*) FROM Users WHERE `a` = ?"),
    (SQLITE, "select [a b].x from [a b]", "SELECT [a b].x FROM [a b]"),
    (PG, "select a from t where b = 'x", "SELECT a FROM t WHERE b = ?"),
    (PG, 'select a from t where "b', "SELECT a FROM t WHERE ?"),
    (PG, "rollback to savepoint x", "ROLLBACK TO SAVEPOINT ?"),
    (PG, "", ""),
]

TABLES: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = [
    ("SELECT a FROM t", "SELECT", ("t",), ()),
    ("SELECT a FROM North.T AS x, u JOIN v ON true, w", "SELECT", ("north.t", "u", "v", "w"), ()),
    ("SELECT a FROM t JOIN t AS t_1 ON true", "SELECT", ("t",), ()),
    ('SELECT a FROM "T"', "SELECT", ('"T"',), ()),
    ("SELECT a FROM ONLY t", "SELECT", ("t",), ()),
    ("SELECT a FROM unnest($1) AS u", "SELECT", (), ()),
    ("SELECT a FROM (SELECT b FROM t) AS x", "SELECT", ("t",), ()),
    ("SELECT a FROM (t CROSS JOIN u)", "SELECT", ("t", "u"), ()),
    ("SELECT extract(year FROM a), b IS DISTINCT FROM c FROM t", "SELECT", ("t",), ()),
    ("SELECT a FROM t WHERE a IN (SELECT b FROM u) FOR UPDATE", "SELECT", ("t", "u"), ()),
    ("SELECT a FROM t ORDER BY b, c", "SELECT", ("t",), ()),
    ("(SELECT a FROM t) UNION (SELECT a FROM u)", "SELECT", ("t", "u"), ()),
    ("INSERT INTO t (a) SELECT b FROM u", "INSERT", ("t", "u"), ("t",)),
    ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1", "INSERT", ("t",), ("t",)),
    ("INSERT OR REPLACE INTO t VALUES (1)", "INSERT", ("t",), ("t",)),
    ("REPLACE INTO t VALUES (1)", "REPLACE", ("t",), ("t",)),
    ("UPDATE t SET a = 1 FROM u", "UPDATE", ("t", "u"), ("t",)),
    ("DELETE FROM t USING u", "DELETE", ("t", "u"), ("t",)),
    ("MERGE INTO t USING u ON true WHEN MATCHED THEN UPDATE SET a = 1", "MERGE", ("t", "u"), ("t",)),
    ("TRUNCATE TABLE t", "TRUNCATE", ("t",), ("t",)),
    ("WITH x AS (SELECT a FROM t), y AS (SELECT b FROM u) SELECT a FROM x, y", "SELECT", ("t", "u"), ()),
    ("WITH RECURSIVE x (n) AS (SELECT 1 UNION SELECT n FROM x) SELECT n FROM x", "SELECT", (), ()),
    ("WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x", "SELECT", ("t",), ("t",)),
    ("WITH x AS (SELECT 1) INSERT INTO t SELECT a FROM x", "INSERT", ("t",), ("t",)),
    ("EXPLAIN SELECT a FROM t", "EXPLAIN", ("t",), ()),
    ("CREATE TABLE IF NOT EXISTS t (a int REFERENCES u (id) ON DELETE CASCADE)", "CREATE", ("t",), ()),
    ("SELECT now() AT TIME ZONE 'utc'", "SELECT", (), ()),
    ("BEGIN", "BEGIN", (), ()),
    ("COMMIT", "COMMIT", (), ()),
    ("show search_path", "SHOW", (), ()),
    ("vacuum", "VACUUM", (), ()),
    ("", "OTHER", (), ()),
    ("'secret'", "OTHER", (), ()),
    ("42", "OTHER", (), ()),
]


@pytest.mark.parametrize(("dialect", "one", "other"), SAME)
def test_same_query_with_other_values(dialect: str, one: str, other: str) -> None:
    assert fingerprint(one, dialect) == fingerprint(other, dialect)


@pytest.mark.parametrize(("dialect", "one", "other"), DIFFERENT)
def test_another_query(dialect: str, one: str, other: str) -> None:
    assert fingerprint(one, dialect).id != fingerprint(other, dialect).id


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite", "mssql", "oracle", "snowflake", "databricks"])
def test_names_that_differ_in_case_alone_are_one(dialect: str) -> None:
    assert fingerprint("SELECT Id FROM Users", dialect) == fingerprint("select id from users", dialect)


@pytest.mark.parametrize("dialect", ["mysql", "bigquery", "clickhouse"])
def test_names_that_differ_in_case_are_others_where_the_database_tells_them_apart(dialect: str) -> None:
    one, other = (fingerprint(f"SELECT id FROM {name}", dialect) for name in ("Users", "users"))
    assert (one.id == other.id, one.tables, other.tables) == (False, ("Users",), ("users",))


@pytest.mark.parametrize(("dialect", "sql", "text"), READABLE)
def test_text_reads_like_sql(dialect: str, sql: str, text: str) -> None:
    assert fingerprint(sql, dialect).text == text


@pytest.mark.parametrize(("dialect", "sql"), sorted({(d, sql) for d, *pair in SAME + DIFFERENT for sql in pair}))
def test_fingerprint_of_a_fingerprint_is_itself(dialect: str, sql: str) -> None:
    shape = fingerprint(sql, dialect)
    assert fingerprint(shape.text, dialect).text == shape.text


@pytest.mark.parametrize(("sql", "operation", "tables", "writes"), TABLES)
def test_operation_tables_and_writes(
    sql: str, operation: str, tables: tuple[str, ...], writes: tuple[str, ...]
) -> None:
    shape = fingerprint(sql)
    assert (shape.operation, shape.tables, shape.writes) == (operation, tables, writes)


USERS = Table("users", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(50)))
BY_ID, BY_BOTH = USERS.c.id.in_, tuple_(USERS.c.id, USERS.c.name).in_
LISTS: dict[str, list[ClauseElement]] = {
    "in": [select(USERS).where(BY_ID(ids)) for ids in ([], [1], [1, 2, 3])],
    "not in": [select(USERS).where(~BY_ID(ids)) for ids in ([], [1], [1, 2, 3])],
    "tuples": [select(USERS).where(BY_BOTH(rows)) for rows in ([], [(1, "a")], [(1, "a"), (2, "b")])],
    "no tuples": [select(USERS).where(~BY_BOTH(rows)) for rows in ([], [(1, "a")], [(1, "a"), (2, "b")])],
    "insert": [insert(USERS).values([{"name": "x"}] * rows) for rows in (1, 2, 50)],
    "limit": [select(USERS).limit(n).offset(n) for n in (1, 2)],
    "update": [update(USERS).where(USERS.c.id == n).values(name=func.lower("X" * n)) for n in (1, 2)],
}


def sqlalchemy_dialects() -> list[Dialect]:
    drivers: list[Any] = [postgresql.asyncpg, postgresql.psycopg, postgresql.psycopg2, sqlite.pysqlite, mysql.pymysql]
    return [driver.dialect() for driver in drivers]


@pytest.mark.parametrize("dialect", sqlalchemy_dialects(), ids=lambda dialect: f"{dialect.name}+{dialect.driver}")
@pytest.mark.parametrize("statements", LISTS.values(), ids=LISTS.keys())
def test_sqlalchemy_lists_of_any_length_share_a_shape(dialect: Dialect, statements: list[ClauseElement]) -> None:
    name = f"{dialect.name}+{dialect.driver}"
    executed = [str(s.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})) for s in statements]
    compiled = [str(statement.compile(dialect=dialect)) for statement in statements]
    assert len({fingerprint(sql, name) for sql in executed + compiled}) == 1


@pytest.mark.parametrize("statements", LISTS.values(), ids=LISTS.keys())
def test_postgresql_drivers_share_a_shape(statements: list[ClauseElement]) -> None:
    dialects = [dialect for dialect in sqlalchemy_dialects() if dialect.name == "postgresql"]
    assert len({fingerprint(str(statements[1].compile(dialect=dialect))).id for dialect in dialects}) == 1


def test_driver_in_the_dialect_makes_no_difference() -> None:
    assert fingerprint("SELECT 1", "postgresql+asyncpg") == fingerprint("SELECT 1", "postgresql")
    assert fingerprint("SELECT `a` # x", "mariadb+aiomysql") == fingerprint("SELECT `a` # x", "mysql")


def test_fingerprint_is_a_frozen_value() -> None:
    shape = fingerprint("SELECT 1")
    assert shape == Fingerprint(id=shape.id, text="SELECT ?", operation="SELECT", truncated=False, tables=(), writes=())
    assert len(shape.id) == 16
    assert int(shape.id, 16) >= 0
    with pytest.raises(AttributeError):
        shape.id = ""  # type: ignore[misc]  # it is frozen: that is tested


@pytest.mark.parametrize("sql", [None, 1, b"SELECT 1", ["SELECT 1"]])
def test_anything_but_text_is_refused_with_a_next_step(sql: Any) -> None:
    with pytest.raises(TypeError, match=r"sql must be a str, got .*; pass str\(sql\)"):
        fingerprint(sql)


def test_dense_text_is_cut_but_its_end_still_counts() -> None:
    dense = "SELECT " + "a + " * 30_000
    one, other = fingerprint(dense + "b FROM t"), fingerprint(dense + "c FROM t")
    assert one.truncated
    assert one.text.endswith(" ...")
    assert one.id != other.id
    assert fingerprint(dense + "1 FROM t").id == fingerprint(dense + "2 FROM t").id


def test_long_lists_are_not_cut() -> None:
    ids = ", ".join(map(str, range(100_000)))
    rows = ", ".join(f"({number}, 'x')" for number in range(50_000))
    assert fingerprint(f"SELECT a FROM t WHERE b IN ({ids})") == fingerprint("SELECT a FROM t WHERE b IN (1)")
    assert fingerprint(f"INSERT INTO t VALUES {rows}") == fingerprint("INSERT INTO t VALUES (1, 2)")


def test_hit_returns_the_object_of_the_first_call() -> None:
    sql = "SELECT a_hit FROM t"
    assert fingerprint(sql) is fingerprint("".join(list(sql)))


def test_long_text_is_not_kept() -> None:
    sql = "SELECT a FROM t WHERE b = '" + "x" * 8192 + "'"
    assert fingerprint(sql) is not fingerprint(sql)


def test_cache_is_bounded_by_entries_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CACHED_ENTRIES", 10)
    for number in range(100):
        fingerprint(f"SELECT {number} FROM cache_entries")
    assert len(module._cache) <= 10
    monkeypatch.setattr(module, "_CACHED_BYTES", 20_000)
    for number in range(100):
        fingerprint(f"SELECT {number} FROM cache_bytes WHERE a = '{'x' * 5000}'")
    assert len(module._cache) <= 4
    assert 0 <= module._cache.bytes <= 20_000


def test_threads_neither_raise_nor_outgrow_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CACHED_ENTRIES", 50)
    monkeypatch.setattr("query_guard.sql.shape._REMEMBERED_WORDS", 50)
    texts: set[str] = set()
    failures: list[BaseException] = []

    def work(offset: int) -> None:
        try:
            for number in range(500):
                texts.add(fingerprint(f"SELECT a{number % 90}, 1 FROM t WHERE b = {number + offset}").text)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(offset * 250,)) for offset in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(texts) == 90
    assert len(module._cache) <= 50


QUOTED_NAMES: list[tuple[str, str, str]] = [
    (
        SQLITE,
        'SELECT "order".id, "order"."a" AS "where" FROM "order" WHERE "order"."a" = ? ORDER BY "where", "group"',
        "",
    ),
    (SQLITE, 'INSERT INTO "order" ("group", "user") VALUES (?, ?) RETURNING "group"', ""),
    (SQLITE, 'UPDATE "order" SET "group" = ?, "user" = ? WHERE "user" = ?', ""),
    (SQLITE, 'INSERT INTO t ("a") VALUES (?) ON CONFLICT ("a") DO UPDATE SET "a" = excluded."a"', ""),
    (SQLITE, 'CREATE TABLE t ("a" text, PRIMARY KEY ("a"), UNIQUE ("a"), FOREIGN KEY ("a") REFERENCES "u" ("b"))', ""),
    (SQLITE, 'CREATE INDEX "ix" ON "t"("a", "b")', ""),
    (SQLITE, 'ALTER TABLE "t" RENAME COLUMN "a" TO "b"', 'ALTER TABLE "t" rename column "a" TO "b"'),
    (SQLITE, 'WITH "x" ("n") AS (SELECT ?) SELECT "x"."n" FROM "x"', ""),
    (SQLITE, 'PRAGMA main.table_info("order")', ""),
    (SQLITE, 'SELECT a FROM t JOIN u USING ("b", "c")', ""),
    (SQLITE, 'SELECT "a", f("a", "$.b") FROM t WHERE "b c" = ?', 'SELECT "?", f("?", "?") FROM t WHERE "?" = ?'),
    (SQLITE, 'SELECT t."a" FROM t WHERE "a" = "b"', 'SELECT t."a" FROM t WHERE "a" = "?"'),
    ("mssql", 'SELECT "a".[b] FROM "a" WHERE [c] = "d"', 'SELECT "a".[b] FROM "a" WHERE [c] = "?"'),
    (PG, 'SELECT "a", f("b c") FROM t', ""),
    ("oracle", 'SELECT "a" FROM t', ""),
    ("snowflake", 'SELECT "a" FROM t', ""),
    (ANY, 'SELECT "a", t."b" FROM t', 'SELECT "?", t."b" FROM t'),
    (ANY, "SELECT a['x'], b FROM t WHERE c = 'c:\\x' AND d = 1", "SELECT a[?], b FROM t WHERE c = ? AND d = ?"),
    (ANY, r"SELECT a FROM t WHERE b = 'x\' AND c = 1", "SELECT a FROM t WHERE b = ?"),
]


@pytest.mark.parametrize(("dialect", "sql", "text"), QUOTED_NAMES)
def test_a_name_between_double_quotes_is_readable_where_it_can_be_no_string(dialect: str, sql: str, text: str) -> None:
    shown = fingerprint(sql, dialect).text
    assert shown.replace(" (", "(") == (text or sql).replace(" (", "(")
    assert fingerprint(shown, dialect).text == shown


SECRETS = [
    ("sqlite", 'SELECT * FROM users WHERE email = "hunter2secret@example.com"'),
    ("sqlite", 'SELECT * FROM users WHERE name = "hunter2secret"'),
    ("sqlite", 'INSERT INTO t (a) VALUES ("hunter2 secret")'),
    ("sqlite", 'SELECT json_extract(a, "$.hunter2secret") FROM t'),
    ("sqlite", 'SELECT * FROM t WHERE name LIKE "%hunter2%" OR name IN ("hunter2a", "hunter2b")'),
    ("sqlite", 'SELECT a FROM t WHERE b = "hunter2".* OR b LIKE "hunter2".* OR b IN ("hunter2".*)'),
    ("sqlite", 'INSERT INTO t (a) VALUES ("hunter2".*)'),
    ("sqlite", 'PRAGMA rekey("hunter2secret")'),
    ("sqlite", 'VACUUM INTO "hunter2.db"'),
    ("sqlite", 'INSERT INTO t (a) SELECT "hunter2" FROM u WHERE a > "hunter2" ORDER BY f("hunter2")'),
    ("sqlite", 'CREATE TABLE t (a TEXT DEFAULT "hunter2", CHECK (a <> "hunter2"))'),
    ("sqlite", 'ATTACH DATABASE "hunter2.db" AS x KEY "hunter2"'),
    ("mssql", 'SELECT * FROM users WHERE email = "hunter2secret"'),
    ("mssql", "EXEC sp_x @a = hunter2secret"),
    ("mssql", "EXEC sp_addlogin hunter2secret, 'hunter2'"),
    ("oracle", "SELECT * FROM u WHERE n = q'[it's hunter2]'"),
    ("oracle", "SELECT * FROM u WHERE n = nq'{it's hunter2}'"),
    ("bigquery", r"SELECT * FROM u WHERE n = 'it\'s hunter2'"),
    ("bigquery", 'SELECT * FROM u WHERE n = "hunter2"'),
    ("bigquery", "SELECT * FROM u WHERE n = '''it's hunter2'''"),
    ("snowflake", r"SELECT * FROM u WHERE n = 'it\'s hunter2'"),
    ("snowflake", "SELECT * FROM u WHERE n = $$it's hunter2$$"),
    ("snowflake", "CREATE STAGE s CREDENTIALS=(AWS_KEY_ID=hunter2secret)"),
    ("databricks", r"SELECT * FROM u WHERE n = 'it\'s hunter2'"),
    ("databricks", 'SELECT * FROM u WHERE n = "hunter2"'),
    ("clickhouse", r"SELECT * FROM u WHERE n = 'it\'s hunter2'"),
    ("duckdb", "SELECT * FROM u WHERE n = $$it's hunter2$$"),
    ("duckdb", r"SELECT * FROM u WHERE n = E'it\'s hunter2'"),
    ("postgresql", "SET app.user_email = hunter2secret"),
    ("postgresql", "SELECT 1; SET app.user_email TO hunter2secret"),
    ("postgresql", "SET ROLE hunter2secret"),
    ("postgresql", "CREATE USER bob WITH ENCRYPTED PASSWORD 'hunter2'"),
    ("somethingelse", r"SELECT * FROM u WHERE n = 'it\'s hunter2'"),
    ("somethingelse", "SELECT * FROM u WHERE n = '''it's hunter2'''"),
    ("somethingelse", "SELECT * FROM u WHERE n = $a$it's hunter2$a$"),
    ("somethingelse", "SELECT a # it's\n FROM t WHERE b = 'hunter2'"),
    ("somethingelse", "SELECT a // it's\n FROM t WHERE b = 'hunter2'"),
    ("somethingelse", "SELECT [it's] FROM t WHERE b = 'hunter2'"),
    ("somethingelse", "SELECT a /* /* */ hunter2 */ FROM t"),
    ("sqlite", "PRAGMA key = hunter2secret"),
    ("sqlite", 'PRAGMA key="hunter2secret"'),
    ("sqlite", "ATTACH 'f' AS x KEY \"hunter2secret\""),
    ("oracle", "ALTER USER x IDENTIFIED BY hunter2secret"),
    ("oracle", 'CREATE USER x IDENTIFIED BY "hunter2secret"'),
    ("postgresql", "ALTER ROLE x PASSWORD 'hunter2secret'"),
]


@pytest.mark.parametrize(("dialect", "sql"), SECRETS)
def test_keys_and_passwords_are_values_however_they_are_written(dialect: str, sql: str) -> None:
    assert "hunter2" not in fingerprint(sql, dialect).text


def test_a_primary_key_is_no_secret() -> None:
    sql = "ALTER TABLE a ADD CONSTRAINT pk PRIMARY KEY (id), ADD FOREIGN KEY (b) REFERENCES c (id)"
    assert "(id)" in fingerprint(sql).text
