"""A refused statement: the same name and fix on all drivers, and ON CONFLICT only where it helps."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from query_guard import Finding
from tests.databases import Database, Profiler

pytestmark = pytest.mark.asyncio
on_postgres = pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)


async def refused(profile: Profiler, *statements: str) -> Finding:
    """Send statements, all but the last as they should be, and return the finding of the last."""

    def work(session: Session) -> None:
        for number, sql in enumerate(statements, 1):
            try:
                session.execute(text(sql))
            except DBAPIError:
                if number == len(statements):
                    raise

    return [one for one in (await profile(work)).findings if one.kind == "failed_statement"][-1]


TABLE = "CREATE TEMPORARY TABLE told (id INTEGER PRIMARY KEY, name TEXT NOT NULL, n INTEGER CHECK (n > 0))"


@pytest.mark.parametrize(
    ("sql", "name", "words"),
    [
        ("INSERT INTO told (id, n) VALUES (1, 1)", "NotNullViolation", "a column that must have one got none"),
        ("INSERT INTO told (id, name, n) VALUES (1, 'x', 0)", "CheckViolation", "a CHECK constraint refuses it"),
    ],
)
async def test_a_value_that_no_row_may_have_is_to_be_validated(
    profile: Profiler, sql: str, name: str, words: str
) -> None:
    finding = await refused(profile, TABLE, sql)
    assert f"failed with {name}" in finding.summary
    assert finding.fix == f"Validate the value before it is written, and answer 422: {words}"


async def test_a_foreign_key_is_not_helped_by_on_conflict(database: Database, profile: Profiler) -> None:
    before = [] if database.is_server else ["PRAGMA foreign_keys = ON"]
    finding = await refused(profile, *before, "INSERT INTO comments (id, text, post_id) VALUES (999, 'x', 999)")
    assert "failed with ForeignKeyViolation" in finding.summary
    assert finding.fix == "Look up the row that it refers to (or the rows that refer to it), and answer 404 or 409"


async def test_on_conflict_helps_where_a_key_is_taken(profile: Profiler) -> None:
    finding = await refused(profile, "INSERT INTO tags (id, name) VALUES (1, 'x')")
    assert finding.fix.startswith("Write with ON CONFLICT")


@on_postgres
@pytest.mark.parametrize(
    ("statements", "name"),
    [
        (["SET LOCAL statement_timeout = '50ms'", "SELECT pg_sleep(5)"], "QueryCanceled"),
        (["SELECT 1 / 0", "SELECT 1"], "InFailedSqlTransaction"),
        (["SELECT nothing FROM nowhere"], "UndefinedTable"),
        (["SELECT nothing FROM tags"], "UndefinedColumn"),
    ],
)
async def test_the_name_is_the_drivers_own(profile: Profiler, statements: list[str], name: str) -> None:
    finding = await refused(profile, *statements)
    assert f"failed with {name}: " in finding.summary
    assert finding.fix != "Read the exception; the session must roll back before it is used again"
