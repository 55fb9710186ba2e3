"""Which driver calls that SQLAlchemy makes by itself are statements of the application."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, event, func, select, text
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.records import Report


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    yield engine
    engine.dispose()


def sent(report: Report) -> list[str]:
    return [row.sql for row in report.facts.statements]


def test_what_a_dialect_asks_at_start_up_is_no_statement(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def version(_: object, connection: Any) -> tuple[int, ...]:
        asked.append(connection.exec_driver_sql("SELECT sqlite_version()").scalar())
        return (3, 40, 0)

    monkeypatch.setattr(SQLiteDialect_pysqlite, "_get_server_version_info", version)
    with record("job") as recording, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert len(asked) == 1
    assert sent(recording.report) == ["SELECT ?"]


def test_what_a_listener_sends_at_the_beginning_is_one(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def set_up(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA foreign_keys")

    with record("job") as recording, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert sent(recording.report) == ["PRAGMA foreign_keys", "SELECT ?"]


def test_a_default_that_the_database_makes_is_a_statement_of_its_own(engine: Engine) -> None:
    metadata = MetaData()
    following = select(func.abs(-41) + 1).scalar_subquery()
    table = Table(
        "numbered",
        metadata,
        Column("id", Integer, primary_key=True, default=following),
        Column("name", String),
        implicit_returning=False,
    )
    metadata.create_all(engine)
    with record("job") as recording, engine.begin() as connection:
        connection.execute(table.insert().values(name="one"))
        connection.execute(table.delete())
        connection.execute(table.insert().values(name="two"))
    rows = recording.report.facts.statements
    assert [(row.operation, row.tables, row.writes, row.batches) for row in rows] == [
        ("SELECT", (), (), 1),
        ("INSERT", ("numbered",), ("numbered",), 1),
        ("DELETE", ("numbered",), ("numbered",), 1),
        ("SELECT", (), (), 1),
        ("INSERT", ("numbered",), ("numbered",), 1),
    ]


class UnsentCursor(sqlite3.Cursor):
    def execute(self, sql: str, *values: Any) -> Any:
        if "unsent" in sql:
            raise MissingGreenlet("there is no greenlet")
        return super().execute(sql, *values)


class UnsentConnection(sqlite3.Connection):
    def cursor(self, *_: Any) -> Any:
        return UnsentCursor(self)


def test_what_was_never_sent_is_none() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"factory": UnsentConnection})
    with record("job") as recording, engine.connect() as connection, pytest.raises(MissingGreenlet):
        connection.execute(text("SELECT 'unsent'"))
    engine.dispose()
    assert (sent(recording.report), recording.query_count) == ([], 0)
