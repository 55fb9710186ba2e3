"""What becomes a row, and what the row knows; through the wrapped dialect methods and through cursor events alike."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import Report, record
from query_guard.capture.hooks import cursor_events, executions
from tests.databases import ASYNC_DRIVERS, Database, Profiler
from tests.models import Post, User

pytestmark = pytest.mark.asyncio


@pytest.fixture(params=["wrapped methods", "cursor events"], autouse=True)
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "cursor events":
        cursor_events.use_cursor_events()
    yield request.param
    cursor_events.forget_cursor_events()


def shapes(report: Report) -> list[str]:
    return [row.sql for row in report.facts.statements]


async def test_executemany_is_one_statement(profile: Profiler) -> None:
    def many(session: Session) -> None:
        rows = [{"number": n, "title": f"new {n}"} for n in (1, 2, 3)]
        table = Post.metadata.tables["posts"]
        session.connection().execute(
            update(table).where(table.c.id == bindparam("number")).values(title=bindparam("title")), rows
        )

    (row,) = (await profile.block(many)).facts.statements
    assert (row.operation, row.executemany, row.binds) == ("UPDATE", True, 3)
    assert row.writes == ("posts",)


async def test_batches_of_a_bulk_insert_are_one_statement(profile: Profiler) -> None:
    def bulk(session: Session) -> None:
        session.execute(
            insert(User).returning(User.id, sort_by_parameter_order=True),
            [{"id": 100 + n, "name": "new"} for n in range(2400)],
        )

    (row,) = (await profile.block(bulk)).facts.statements
    assert row.operation == "INSERT"
    assert row.batches > 1


async def test_savepoints_do_not_count(profile: Profiler) -> None:
    def nested(session: Session) -> None:
        with session.begin_nested():
            session.execute(select(User))
        savepoint = session.begin_nested()
        savepoint.rollback()

    assert len(shapes(await profile.block(nested))) == 1


async def test_a_failed_statement_counts_and_names_its_error(profile: Profiler) -> None:
    def failing(session: Session) -> None:
        with pytest.raises(DBAPIError):
            session.execute(text("SELECT nothing FROM nowhere"))
        session.rollback()
        session.execute(select(User))

    failed, good = (await profile.block(failing)).facts.statements
    assert failed.error is not None
    assert failed.rows is None
    assert good.error is None


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_a_cancelled_statement_counts_and_leaves_nothing_behind(database: Database) -> None:
    with record() as recording:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), database.async_session() as session:
                await session.execute(text("SELECT pg_sleep(5)"))
        async with database.async_session() as session:
            await session.execute(select(User))
    cancelled, good = recording.report.facts.statements
    assert cancelled.error == "CancelledError"
    assert 0.1 < cancelled.duration < 4
    assert good.error is None
    assert good.duration < 0.2


@pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
async def test_start_up_and_ping_do_not_count(database: Database) -> None:
    engine = create_async_engine(database.url, pool_pre_ping=True)
    with record() as recording:
        for _ in range(2):
            async with engine.connect() as connection:
                await connection.execute(select(User))
    await engine.dispose()
    assert recording.report.query_count == 2


async def test_statements_under_autocommit_count(database: Database, profile: Profiler) -> None:
    def autocommit(session: Session) -> None:
        connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        connection.execute(select(User))

    (row,) = (await profile.block(autocommit)).facts.statements
    assert row.autocommit


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
async def test_a_sequence_fetched_for_an_insert_is_a_statement_of_its_own(profile: Profiler) -> None:
    metadata = MetaData()
    table = Table(
        "numbered",
        metadata,
        Column("id", Integer, Sequence("numbered_seq"), primary_key=True),
        Column("name", String),
        implicit_returning=False,
    )

    def with_sequence(session: Session) -> None:
        connection = session.connection()
        metadata.drop_all(connection)
        metadata.create_all(connection)
        with record() as recording:
            connection.execute(table.insert().values(name="one"))
        operations.extend(row.operation for row in recording.report.facts.statements)
        metadata.drop_all(connection)

    operations: list[str] = []
    await profile.database.run(with_sequence)
    assert operations == ["SELECT", "INSERT"]


async def test_one_shape_for_all_lengths_of_an_in_list(profile: Profiler) -> None:
    def in_lists(session: Session) -> None:
        for length in (0, 1, 2, 7):
            session.execute(select(User.id).where(User.id.in_(range(length))))

    rows = (await profile.block(in_lists)).facts.statements
    assert len({row.fingerprint for row in rows}) == 1
    assert len({row.value_key for row in rows}) == 4


async def test_values_are_distinguished_without_being_kept(profile: Profiler) -> None:
    def lookups(session: Session) -> None:
        for name in ("secret one", "secret two", "secret one"):
            session.execute(select(User.id).where(User.name == name))

    report = await profile.block(lookups)
    first, second, third = report.facts.statements
    assert first.value_key == third.value_key != second.value_key
    assert "secret" not in repr(report)


async def test_unhashable_values_are_always_distinct(profile: Profiler) -> None:
    class Unhashable(str):
        __hash__ = None  # type: ignore[assignment]  # how a class says that it has none

    placeholder = {"psycopg": "%s", "asyncpg": "$1"}.get(profile.database.driver, "?")

    def lookups(session: Session) -> None:
        for _ in range(2):
            session.connection().exec_driver_sql(f"SELECT 1 WHERE 'a' = {placeholder}", (Unhashable("a"),))

    first, second = (await profile.block(lookups)).facts.statements
    assert first.value_key != second.value_key


async def test_rows_are_known_where_the_driver_knows_them(database: Database, profile: Profiler) -> None:
    def read_and_write(session: Session) -> None:
        session.execute(select(User)).all()
        session.execute(update(User).values(name="same"))

    read, write = (await profile.block(read_and_write)).facts.statements
    assert read.rows == (5 if database.is_server else None)
    assert write.rows == 5


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
async def test_streamed_results_are_marked(profile: Profiler) -> None:
    def stream(session: Session) -> None:
        for _ in session.scalars(select(User).execution_options(yield_per=2)):
            pass

    (row,) = (await profile.block(stream)).facts.statements
    assert row.streamed


async def test_two_schemas_are_two_shapes(profile: Profiler) -> None:
    table = Table("tenant_table", MetaData(), Column("id", Integer), schema="tenant")

    def tenants(session: Session) -> None:
        for schema in ("north", "south"):
            connection = session.connection().execution_options(schema_translate_map={"tenant": schema})
            with pytest.raises(DBAPIError):
                connection.execute(select(table))
            session.rollback()

    first, second = (await profile.block(tenants)).facts.statements
    assert first.fingerprint != second.fingerprint
    assert (first.tables, second.tables) == (("north.tenant_table",), ("south.tenant_table",))


async def test_a_listener_that_replaces_do_execute_is_survived(database: Database) -> None:
    """Where the application runs the driver itself, the wrapped method is never reached: cursor events take over."""

    def run_myself(cursor: Any, statement: str, parameters: object, context: object) -> bool:
        cursor.execute(statement, parameters)
        return True

    engine = database.sync_engine
    event.listen(engine, "do_execute", run_myself)
    with record() as recording:
        await database.run(lambda session: session.execute(select(User)).all())
    assert recording.report.query_count == 1


async def test_a_statement_rewritten_by_a_listener_keeps_its_shape(database: Database) -> None:
    def comment(
        _connection: object, _cursor: object, statement: str, parameters: object, _context: object, _many: bool
    ) -> tuple[str, object]:
        return f"{statement} /* route=/users */", parameters

    engine = database.sync_engine
    with record() as plain:
        await database.run(lambda session: session.execute(select(User)).all())
    event.listen(engine, "before_cursor_execute", comment, retval=True)
    with record() as commented:
        await database.run(lambda session: session.execute(select(User)).all())
    (first,), (second,) = plain.report.facts.statements, commented.report.facts.statements
    assert first.fingerprint == second.fingerprint


async def test_cursor_events_are_taken_up_once_and_forgotten_again() -> None:
    cursor_events.forget_cursor_events()
    before = list(executions.markers)
    for _ in range(3):  # each checkout of an engine with listeners of its own asks for them
        cursor_events.use_cursor_events()
    assert len(executions.markers) == len(before) + 1
    assert create_engine("sqlite://")._has_events
    cursor_events.forget_cursor_events()
    assert executions.markers == before
    assert not create_engine("sqlite://")._has_events  # so that SQLAlchemy calls no listeners for it


async def test_no_attribute_of_ours_is_read_from_a_drivers_connection() -> None:
    class Loud(sqlite3.Connection):
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name) if "query_guard" in name else AttributeError(name)

    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"factory": Loud})
    with engine.connect() as connection:  # taken before the window, so that nothing is known of it
        with record() as recording:
            connection.execute(select(1))
    engine.dispose()
    assert recording.report.query_count == 1
