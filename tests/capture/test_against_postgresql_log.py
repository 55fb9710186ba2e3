"""PostgreSQL is the judge: what its own statement log counts is what we count."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload

from query_guard import record
from query_guard.records import Statement
from tests.databases import Database
from tests.models import Comment, Post, User

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)]

LOGGED: dict[str, dict[str, Any]] = {
    "psycopg": {"connect_args": {"options": "-c log_statement=all"}},
    "asyncpg": {"connect_args": {"server_settings": {"log_statement": "all"}}},
}
STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")
# What sessions and drivers send of their own accord is nobody's query.
NOT_THE_APPLICATIONS = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|DEALLOCATE|SELECT pg_read_file)\b")


def workload(session: Session) -> None:
    for user in session.scalars(select(User)):
        len(user.posts)
    session.scalars(select(User).options(selectinload(User.posts).selectinload(Post.comments))).all()
    with session.begin_nested():
        session.add_all([User(name=f"new {n}", id=100 + n) for n in range(30)])
    session.execute(update(Post).values(title="other"))
    session.execute(insert(Comment), [{"text": f"{n}", "post_id": 1} for n in range(5)])
    session.execute(delete(Comment).where(Comment.id > 20))
    session.commit()
    with pytest.raises(DBAPIError):
        session.execute(text("SELECT 1 / (id - id) FROM users"))
    session.rollback()
    session.get(User, 3)


def executions(row: Statement) -> int:
    """How often the server hears of a statement: executemany is one of ours, and one of its own for each set."""
    return row.binds if row.executemany and row.batches == 1 else row.batches


def log_of(session: Session) -> str:
    return str(session.scalar(text("SELECT pg_read_file('log')")))


async def test_counts_agree_with_the_servers_log(database: Database) -> None:
    logging = Database(database.driver, database.url, **LOGGED[database.driver])
    before = len(await logging.run(log_of))
    with record() as recording:
        await logging.run(workload)
    written = (await logging.run(log_of))[before:]
    await logging.dispose()
    statements = [line for line in STATEMENT.findall(written) if not NOT_THE_APPLICATIONS.match(line)]
    rows = recording.report.facts.statements
    assert recording.report.query_count == len(rows) == 15
    assert [line.split()[0] for line in statements] == [row.operation for row in rows for _ in range(executions(row))]
