from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from query_guard.fingerprint import Fingerprint, fingerprint
from query_guard.sql.dialects import dialect_named
from tests.patient import PATIENT

pytestmark = pytest.mark.once

module = importlib.import_module("query_guard.sql.fingerprint")

DIALECTS = [
    "postgresql", "sqlite", "mysql", "mssql", "oracle", "bigquery", "snowflake", "databricks", "clickhouse",
    "duckdb", "other",
]  # fmt: skip
DOUBTFUL = ["sqlite", "mssql", "other"]
"""Here double quotes may hold a string."""
WORDS = """
    SELECT a FROM t WHERE b ,( ) [ ] ; . :: : ? ?| * + - -- /* */ # $$ $x$ $1 %s %(x)s :x @x ' " ` \\ E' N' IN ARRAY
    VALUES NULL TRUE WITH x AS INSERT INTO UPDATE SET DELETE imp_sen SAVEPOINT ROLLBACK TO 1 -1 0x1F
"""
PHRASES = ["(1, 2)", "IN (1, 2)", "VALUES (1), (2)", ", (1)", "'x'", '"n"', "::int", "__[POSTCOMPILE_x]", "é", "\ud800"]
SQL_PIECES = [*WORDS.split(), " ", "\n", *PHRASES]
SPACED_OUT = """
    SELECT t.a , f ( 1 , 'x' ) , NULL FROM n.t AS t WHERE t.b IN ( 1 , 2 ) AND ( b , c ) IN ( ( 1 , 2 ) )
"""
dialects = st.sampled_from(DIALECTS)
sql_like = st.lists(st.sampled_from(SQL_PIECES), max_size=40).map("".join) | st.lists(
    st.sampled_from(SQL_PIECES), max_size=40
).map(" ".join)
names = st.from_regex(r"[a-z]{3}_[a-z0-9_]{1,8}", fullmatch=True)
secrets = st.from_regex(r"zq[0-9]{4}[a-z'\\\n;$\"-]{0,6}zq", fullmatch=True)
separators = st.lists(
    st.sampled_from([" ", "\n", "\t", "/* it's a */", '-- "b\n', "/**/"]), min_size=1, max_size=4
).map("".join)


@settings(PATIENT, max_examples=500)
@given(sql=st.text() | sql_like, dialect=dialects)
@example(sql="\x00", dialect="postgresql")
@example(sql=")" * 50 + "IN (", dialect="postgresql")
def test_any_text_has_a_fingerprint(sql: str, dialect: str) -> None:
    shape = fingerprint(sql, dialect)
    assert re.fullmatch("[0-9a-f]{16}", shape.id)
    assert shape.operation
    assert set(shape.writes) <= set(shape.tables)


@settings(PATIENT, max_examples=200)
@given(sql=sql_like, dialect=st.text(max_size=12))
def test_any_dialect_name_will_do(sql: str, dialect: str) -> None:
    assert isinstance(fingerprint(sql, dialect), Fingerprint)


@settings(PATIENT, max_examples=200)
@given(sql=sql_like, dialect=dialects)
def test_the_cache_changes_nothing(sql: str, dialect: str) -> None:
    first = fingerprint(sql, dialect)
    module._cache.clear()
    assert fingerprint(sql, dialect) == first == fingerprint(sql, dialect)


@settings(PATIENT, max_examples=200)
@given(before=sql_like, sql=sql_like, dialect=dialects)
@example(before="SELECT a FROM t", sql=", a FROM t", dialect="oracle")
@example(before="SELECT a FROM t", sql="TRUNCATE TABLE, a", dialect="sqlite")
def test_the_words_of_another_text_change_nothing(before: str, sql: str, dialect: str) -> None:
    shapes = []
    for text in ("", before):
        module._cache.clear()
        dialect_named(dialect).spaced.clear()
        dialect_named(dialect).bare.clear()
        fingerprint(text, dialect)
        shapes.append(fingerprint(sql, dialect))
    assert shapes[0] == shapes[1]


def quoted(secret: str, dialect: str) -> list[str]:
    """Write `secret` in each way in which a dialect writes a string."""
    twice = secret.replace("\\", "\\\\")
    plain, escaped = "'" + secret.replace("'", "''") + "'", "'" + twice.replace("'", "\\'") + "'"
    double, escaped_double = '"' + secret.replace('"', '""') + '"', '"' + twice.replace('"', '\\"') + '"'
    dollars = f"$tag${secret}$tag$"
    q_quotes = [f"q'[{secret}]'", f"nQ'!{secret}!'"]
    return {
        "mysql": [escaped, escaped_double, "'" + twice.replace("'", "''") + "'", f"N{escaped}"],
        "postgresql": [plain, f"E{escaped}", dollars, f"N{plain}", f"{plain}::text"],
        "duckdb": [plain, f"E{escaped}", dollars],
        "sqlite": [plain, double],
        "mssql": [plain, f"N{plain}", double],
        "oracle": [plain, *q_quotes],
        "bigquery": [escaped, escaped_double, f"r{escaped}", f"'''{twice} ' '''", f'"""{twice} " """'],
        "snowflake": [escaped, "'" + twice.replace("'", "''") + "'", f"$${secret.replace('$', '')}$$"],
        "databricks": [escaped, escaped_double, "r'" + secret.replace("'", "") + "'"],
        "clickhouse": [escaped, dollars],
        "other": [plain, escaped, double, escaped_double, dollars, *q_quotes, f"'''{twice} ' '''", f"E{escaped}"],
    }[dialect]


@settings(PATIENT, max_examples=200)
@given(secret=secrets, dialect=dialects, data=st.data())
def test_no_string_is_ever_shown(secret: str, dialect: str, data: st.DataObject) -> None:
    literal = data.draw(st.sampled_from(quoted(secret, dialect)))
    assume(literal.startswith("$$") or "]'" not in secret)
    frame = data.draw(
        st.sampled_from(
            [
                "SELECT {} FROM t",
                "SELECT a FROM t WHERE b = {} AND c = {}",
                "SELECT a FROM t WHERE b IN (1, {}, {})",
                "INSERT INTO t VALUES (1, {}), ({}, 2)",
                "SELECT f({}, a)",
                "{}",
                "SET x = {}; SELECT {}",
                "SELECT a AS x, {} AS y FROM t GROUP BY a HAVING max(b) > {} ORDER BY a",
                "UPDATE t SET a = {}, b = f({}) WHERE c LIKE {}",
                "SELECT /* it is */ a -- so\n, {} FROM t",
            ]
        )
    )
    assert "zq" not in repr(fingerprint(frame.replace("{}", literal), dialect))


FRAMES = [
    "SELECT {} FROM t",
    "SELECT a FROM t WHERE {} = 1",
    "SELECT a FROM t WHERE b = {}",
    "SELECT f(a, {}) FROM t",
    "SELECT a FROM t WHERE b IN ({}, c)",
    "SELECT a FROM t ORDER BY a, {}",
    "UPDATE t SET {} = 1",
    "INSERT INTO t (a, {}) VALUES (1, 2)",
    "SELECT t.{} FROM t",
]


@settings(PATIENT, max_examples=200)
@given(
    pair=st.lists(st.from_regex(r"[a-z][a-z_ $]{0,7}[a-z]", fullmatch=True), min_size=2, max_size=2, unique=True),
    frame=st.sampled_from(FRAMES),
    dialect=st.sampled_from(["postgresql", "oracle", "snowflake", "clickhouse", "duckdb", *DOUBTFUL]),
)
def test_two_columns_between_double_quotes_never_merge(pair: list[str], frame: str, dialect: str) -> None:
    one, other = (fingerprint(frame.replace("{}", f'"{name}"'), dialect) for name in pair)
    assert one.id != other.id


@settings(PATIENT, max_examples=100)
@given(number=st.integers(min_value=10**6) | st.floats(min_value=1e6, allow_infinity=False), dialect=dialects)
def test_no_number_is_ever_shown(number: float, dialect: str) -> None:
    shape = fingerprint(f"SELECT {number}, -{number}, f({number}) FROM t WHERE a IN ({number}) LIMIT {number}", dialect)
    assert not re.search(r"\d", shape.text)


@settings(PATIENT, max_examples=100)
@given(prefix=sql_like, secret=st.from_regex("zq[a-z ]{0,9}zq", fullmatch=True), dialect=dialects)
def test_an_open_string_hides_the_rest(prefix: str, secret: str, dialect: str) -> None:
    assume(not re.search(r"['\"`#$\[\\]|--|/\*|\*/", prefix))
    assert "zq" not in repr(fingerprint(f"{prefix} '{secret}", dialect))


@settings(PATIENT, max_examples=100)
@given(name=names, other=names, dialect=dialects)
def test_digits_in_names_are_never_masked(name: str, other: str, dialect: str) -> None:
    shape = fingerprint(f"SELECT {name}.{other}, {other} AS {name} FROM {name}", dialect)
    assert shape.text == f"SELECT {name}.{other}, {other} AS {name} FROM {name}"
    assert shape.tables == (name,)


@settings(PATIENT, max_examples=100)
@given(data=st.data(), dialect=dialects)
def test_comments_and_white_space_do_not_matter(data: st.DataObject, dialect: str) -> None:
    tokens = SPACED_OUT.split()
    spaced = "".join(data.draw(separators) + token for token in tokens)
    assert fingerprint(spaced, dialect) == fingerprint(" ".join(tokens), dialect)


@settings(PATIENT, max_examples=100)
@given(size=st.integers(1, 30), width=st.integers(1, 5), dialect=dialects)
def test_sizes_of_lists_and_batches_do_not_matter(size: int, width: int, dialect: str) -> None:
    row = "(" + ", ".join(["1"] * width) + ")"
    rows = ", ".join([row] * size)
    assert fingerprint(f"INSERT INTO t VALUES {rows}", dialect) == fingerprint(f"INSERT INTO t VALUES {row}", dialect)
    assert fingerprint(f"SELECT a FROM t WHERE b IN ({rows})", dialect) == fingerprint(
        f"SELECT a FROM t WHERE b IN ({row})", dialect
    )


@settings(PATIENT, max_examples=200)
@given(sql=sql_like)
def test_truncation_needs_a_long_text(sql: str) -> None:
    assert not fingerprint(sql).truncated


HARD = {
    "integers": "1, ",
    "strings": "'x', ",
    "rows": "(1, 'x'), ",
    "uneven rows": "(1), (1, 2), ",
    "calls": "f(1), ",
    "words": "a ",
    "conditions": "a = 1 OR ",
    "open brackets": "(",
    "open lists": "IN (1, ",
    "open arrays": "ARRAY[1, ",
    "comments": "/* x */",
    "open comments": "/*",
    "quotes": "'",
    "open names": '"a',
    "dollars": "$",
    "dollar tags": "$a$ ",
    "operators": "=-",
    "slashes": "/",
    "percents": "%(",
    "casts": "1::a(",
    "colons": ":",
    "spaces": " ",
    "backslashes": "E'\\",
    "placeholders": "__[POSTCOMPILE_x~~",
    "replacements": "__[POSTCOMPILE_x~~a~~REPL~~",
    "empty lists": "IN (NULL, ",
    "dots": "a.",
    "commas": ",",
    "hashes": "#",
    "square brackets": "[",
    "square strings": "['x'",
    "q quotes": "q'[",
    "triple quotes": "'''",
    "double names": '"a", ',
    "settings": "a = b, ",
    "passwords": "password = ",
    "tables": "FROM a, ",
}


def seconds(call: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(2):
        start = time.thread_time()
        call()
        best = min(best, time.thread_time() - start)
    return best


HEADS = [
    ("postgresql", "SELECT a FROM t WHERE b IN ("),
    ("postgresql", "INSERT INTO t VALUES "),
    ("sqlite", "SELECT a FROM t WHERE b IN ("),
    ("mysql", "INSERT INTO t VALUES "),
]
CAREFUL_HEADS = [
    *(("oracle", "SELECT "), ("bigquery", "SELECT "), ("clickhouse", "SELECT ")),
    *(("other", "SELECT 'c:\\x', "), ("other", "SET x = ")),
]
CAREFUL_UNITS = """
    comments|open comments|quotes|slashes|hashes|square brackets|square strings|q quotes|triple quotes|double names
    |settings|passwords
""".replace("\n", "").split("|")
CASES = [
    *[(*head, unit) for head in HEADS for unit in HARD],
    *[(*head, unit.strip()) for head in CAREFUL_HEADS for unit in CAREFUL_UNITS],
]


@pytest.mark.parametrize(("dialect", "head", "unit"), CASES)
def test_time_is_linear_in_the_text(dialect: str, head: str, unit: str) -> None:
    """Sixteen times the text takes about sixteen times as long; a quadratic step would take 256 times as long."""
    unit = HARD[unit]
    small, large = (head + unit * (size // len(unit)) for size in (16_000, 256_000))
    assert seconds(lambda: fingerprint(large, dialect)) < 80 * seconds(lambda: fingerprint(small, dialect)) + 0.02
