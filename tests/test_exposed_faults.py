"""Faults that a hunt has found once: the guard must not change, break or outlive what it guards."""

from __future__ import annotations

import gc
import logging
import random
import sqlite3
import weakref
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import bindparam, create_engine, event, insert, select, text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from query_guard import QueryGuard, Report, allow, record
from tests.models import Base, Tag, User

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)


def guarded(**options: Any) -> tuple[FastAPI, list[Report]]:
    reports: list[Report] = []
    app = FastAPI()
    app.add_middleware(QueryGuard, **{"reporters": [reports.append], **options})
    return app, reports


async def get(app: FastAPI) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.get("/")


@pytest.mark.asyncio
async def test_the_applications_random_numbers_are_its_own() -> None:
    app, _ = guarded(sample_rate=0.5)
    app.get("/")(lambda: random.random())
    random.seed(1)
    expected = [random.random() for _ in range(3)]
    random.seed(1)
    assert [(await get(app)).json() for _ in range(3)] == expected


@pytest.mark.asyncio
async def test_blocks_around_the_yield_of_a_sync_dependency() -> None:
    app, reports = guarded()

    def dependency() -> Iterator[int]:
        with record("dependency"), allow("n_plus_one"):
            yield 1

    @app.get("/")
    def endpoint(given: int = Depends(dependency)) -> int:
        return given

    assert (await get(app)).json() == 1
    assert len(reports) == 1


def test_a_pool_without_an_engine() -> None:
    pool: Any = QueuePool(lambda: sqlite3.connect(":memory:"))  # type: ignore[arg-type]  # SQLAlchemy wants its own protocol
    with record() as recording:
        pool.connect().close()
    pool.dispose()
    assert [checkout.outcome for checkout in recording.report.facts.checkouts] == ["returned"]


@pytest.mark.asyncio
async def test_a_statement_that_is_only_counted_is_not_kept() -> None:
    app, _ = guarded(sample_rate=0)
    kept: list[weakref.ref[Any]] = []

    @app.get("/")
    def endpoint() -> None:
        statement = select(User.id).where(User.name == "secret", User.id > 5)
        kept.append(weakref.ref(statement))
        with engine.connect() as connection:
            connection.execute(statement)

    assert (await get(app)).headers["X-Query-Count"] == "1"
    engine.clear_compiled_cache()
    gc.collect()
    assert kept[0]() is None


@pytest.mark.parametrize("value", [memoryview(bytearray(b"x")), -1])
def test_values_that_cannot_be_hashed_are_counted(value: Any) -> None:
    with record() as recording, engine.connect() as connection:
        for _ in range(2):
            connection.exec_driver_sql("SELECT ?", (value,))
    assert recording.report.query_count == 2


def test_statements_of_a_begin_listener_count() -> None:
    other = create_engine("sqlite://")

    @event.listens_for(other, "begin")
    def settle(connection: Any) -> None:
        connection.exec_driver_sql("SELECT 'set_config'")

    with record() as recording, other.connect() as connection:
        connection.execute(text("SELECT 1"))
    other.dispose()
    assert [row.sql for row in recording.report.facts.statements] == ["SELECT ?", "SELECT ?"]


def test_a_dialect_that_was_imported_late() -> None:
    class LateDialect(type(engine.dialect)):  # type: ignore[misc]  # a base that only its engine knows
        def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
            for given in parameters:
                cursor.execute(statement, given)

    late = create_engine("sqlite://")
    late.dialect.__class__ = LateDialect
    assert isinstance(late.dialect, DefaultDialect)
    with record() as recording, late.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (?)", [(1,), (2,)])
    late.dispose()
    assert [row.operation for row in recording.report.facts.statements] == ["CREATE", "INSERT"]


def test_a_batch_that_fails_late_has_failed() -> None:
    rows = [{"id": number, "name": "x"} for number in range(1, 1501)]
    with record() as recording, Session(engine) as session, pytest.raises(DBAPIError):
        session.execute(insert(Tag).returning(Tag.id, sort_by_parameter_order=True), [*rows, rows[0]])
    told = [(row.error, row.parameters, row.request) for row in recording.report.facts.statements]
    assert told == [("IntegrityError", (), 0)]


@pytest.mark.asyncio
async def test_a_log_handler_that_fails() -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("handler down")

    app = FastAPI()
    app.add_middleware(QueryGuard)

    @app.get("/")
    def endpoint() -> None:
        with engine.connect() as connection:
            for number in range(3):
                connection.execute(text("SELECT :n").bindparams(bindparam("n", number)))

    handler = Failing()
    logging.getLogger("query_guard").addHandler(handler)
    try:
        assert (await get(app)).status_code == 200
    finally:
        logging.getLogger("query_guard").removeHandler(handler)


def test_one_allowance_said_often_is_one_allowance() -> None:
    with record() as recording:
        for _ in range(100):
            with allow("Post.author"):
                pass
    assert len(recording.report.findings) == 1
