"""Neighbours of the rows about connections: correct code that looks like a fault, and faults that hide."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.concurrency import run_in_threadpool
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, event, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard, Report, defaults
from query_guard.capture.live.event_loop import heartbeat_here
from query_guard.detectors import PoolSettings
from query_guard.testing import assert_no_findings
from query_guard.web.asgi import ASGIApp, Message, Receive, Scope, Send
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, Database
from tests.models import Tag
from tests.serving import findings, function_of, guarded, only, visit

pytestmark = pytest.mark.asyncio

CALM = tuple(detector for detector in defaults() if not isinstance(detector, PoolSettings))
only_sync = pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
ONE = text("SELECT 1")


def engine_of(database: Database) -> Engine:
    assert database.engine is not None
    return database.engine


@pytest.mark.parametrize("driver", ["psycopg"], indirect=True)
async def test_a_session_that_a_test_owns_is_no_leak_of_the_request(database: Database) -> None:
    app = FastAPI()
    app.add_middleware(QueryGuard, detectors=CALM, reporters=[])

    def get_session() -> Session:
        raise AssertionError("overridden")

    @app.get("/")
    def read(session: Session = Depends(get_session)) -> None:
        session.execute(ONE)

    with database.session() as session:
        app.dependency_overrides[get_session] = lambda: session
        with TestClient(app) as client, assert_no_findings(kinds={"connection_leak"}):
            client.get("/")


class SessionAround:
    """Middleware that lends a session and closes it; it may stand anywhere around the guard."""

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self.app = app
        self.engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with Session(self.engine) as session:
            await self.app({**scope, "state": {"session": session}}, receive, send)


@only_sync
async def test_a_wrapper_of_the_whole_application_may_still_return_it(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["session"].execute(ONE)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app.mount("/", endpoint)
    await visit(SessionAround(app, engine_of(database)), "/")  # type: ignore[arg-type]  # an ASGI application, as well
    assert [one.outcome for one in only(reports).facts.checkouts] == ["late"]
    assert not findings(only(reports), "connection_leak")


@only_sync
async def test_statements_that_were_only_counted_are_no_pause(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    @app.get("/")
    def many() -> None:
        with database.session() as session:
            for number in range(2500):
                session.execute(text(f"SELECT {number % 3}"))

    await visit(app, "/")
    report = only(reports)
    assert report.facts.dropped > 0
    assert not findings(report, "idle_in_transaction")
    (checkout,) = report.facts.checkouts
    assert checkout.hold is not None
    assert checkout.idle_in_transaction <= checkout.hold - checkout.busy


@only_sync
async def test_a_leak_after_many_statements_is_found(database: Database) -> None:
    app, reports = guarded(detectors=CALM)
    kept: list[Session] = []

    @app.get("/")
    def many() -> None:
        with database.session() as session:
            for number in range(1500):
                session.execute(text(f"SELECT {number % 3}"))
        kept.append(Session(database.engine))
        kept[0].execute(ONE)

    await visit(app, "/")
    assert len(findings(only(reports), "connection_leak")) == 1
    kept[0].close()


@only_sync
async def test_an_engine_that_is_not_watched_is_not_judged(database: Database) -> None:
    other = create_engine(database.url)
    app, reports = guarded(detectors=CALM, engines=[other])
    kept: list[Session] = []

    @app.get("/")
    def leak() -> None:
        kept.append(Session(database.engine))
        kept[0].execute(ONE)

    await visit(app, "/")
    kept[0].close()
    other.dispose()
    assert (only(reports).facts.checkouts, only(reports).facts.transactions, only(reports).findings) == ((), (), ())


async def test_a_rollback_that_a_handled_exception_brought_is_meant(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    class Conflict(Exception):
        pass

    async def import_async() -> str:
        try:
            async with database.async_session() as session:
                await session.execute(insert(Tag).values(id=500, name="x"))
                raise Conflict
        except Conflict:
            return "refused"

    def import_one() -> str:
        try:
            with database.session() as session:
                session.execute(insert(Tag).values(id=500, name="x"))
                raise Conflict
        except Conflict:
            return "refused"

    app.post("/")(import_async if database.is_async else import_one)
    (response,) = await visit(app, "/", method="POST")
    assert response.text == '"refused"'
    assert not findings(only(reports), "lost_write")


@only_sync
@pytest.mark.parametrize("way", ["detached", "text"])
async def test_a_commit_by_another_way_is_one(database: Database, way: str) -> None:
    app, reports = guarded(detectors=CALM)

    @app.post("/")
    def write() -> None:
        with engine_of(database).connect() as connection:
            connection.execute(insert(Tag).values(id=600, name="x"))
            if way == "detached":
                connection.detach()
                connection.commit()
            else:
                connection.execute(text("COMMIT"))

    await visit(app, "/", method="POST")
    assert not findings(only(reports), "lost_write")


async def test_sessions_that_share_a_static_connection_do_not_end_each_others_transactions() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Tag.__table__.create(engine)  # type: ignore[attr-defined]  # SQLAlchemy says FromClause
    app, reports = guarded(detectors=CALM)

    @app.post("/")
    def write() -> None:
        with Session(engine) as outer:
            outer.execute(insert(Tag).values(id=1, name="x"))
            with Session(engine) as inner:
                inner.execute(insert(Tag).values(id=2, name="y"))
                inner.commit()
            outer.commit()

    await visit(app, "/", method="POST")
    assert not findings(only(reports), "lost_write")


@only_sync
async def test_a_failure_that_a_savepoint_took_back_does_not_hide_a_loss(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    @app.post("/")
    def write() -> None:
        with database.session() as session:
            try:
                with session.begin_nested():
                    session.execute(insert(Tag), [{"id": 1, "name": "taken"}])
            except Exception:
                session.execute(insert(Tag).values(id=700, name="x"))

    await visit(app, "/", method="POST")
    assert len(findings(only(reports), "lost_write")) == 1


@only_sync
async def test_threads_side_by_side_are_not_nested(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    def work(seconds: float) -> None:
        with database.session() as session:
            session.execute(ONE)
            time.sleep(seconds)

    @app.get("/")
    async def fan_out() -> None:
        await asyncio.gather(*(run_in_threadpool(work, seconds) for seconds in (0.15, 0.05, 0.1)))

    await visit(app, "/")
    assert not findings(only(reports), "nested_checkout")


@only_async
async def test_a_server_that_does_not_answer_is_not_waited_for_in_the_pool(database: Database) -> None:
    app, reports = guarded(detectors=CALM)
    assert database.async_engine is not None
    await database.dispose()

    @event.listens_for(database.async_engine.sync_engine, "do_connect")
    def refuse(*_: Any) -> None:
        time.sleep(0.06)
        raise OSError("nobody there")

    @app.get("/")
    async def read() -> None:
        async with database.async_session() as session:
            await session.execute(ONE)

    await visit(app, "/")
    event.remove(database.async_engine.sync_engine, "do_connect", refuse)
    (checkout,) = only(reports).facts.checkouts
    assert (checkout.outcome, checkout.wait) == ("failed", 0.0)
    assert checkout.connect >= 0.06
    assert not findings(only(reports), "pool_wait")


@only_sync
async def test_a_middleware_that_commits_before_it_passes_the_response_on_commits_in_time(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    class CommitOnStart(SessionAround):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            with Session(self.engine) as session:

                async def commit_first(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        session.commit()
                    await send(message)

                await self.app({**scope, "state": {"session": session}}, receive, commit_first)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["session"].execute(insert(Tag).values(id=800, name="x"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app.mount("/", endpoint)
    app.add_middleware(CommitOnStart, engine=engine_of(database))
    await visit(app, "/", method="POST")
    assert not findings(only(reports), "commit_after_response")
    assert not findings(only(reports), "lost_write")


@only_sync
async def test_each_message_that_a_websocket_pushes_may_be_committed(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    def save(number: int) -> None:
        with database.session() as session:
            session.add(Tag(id=900 + number, name="sent"))
            session.commit()

    @app.websocket("/ws")
    async def push(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(4):
            await run_in_threadpool(save, number)
            await socket.send_text(str(number))
        await socket.close()

    def receive_all() -> None:
        with TestClient(app) as client, client.websocket_connect("/ws") as socket:
            for _ in range(4):
                socket.receive_text()

    await asyncio.to_thread(receive_all)
    assert not findings(only(reports), "commit_per_row")


@pytest.mark.parametrize("driver", ["sqlite3"], indirect=True)
async def test_the_recipe_for_pysqlite_is_no_autocommit(database: Database) -> None:
    engine = create_engine(database.url)

    @event.listens_for(engine, "connect")
    def leave_transactions_alone(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    app, reports = guarded(detectors=CALM)

    @app.post("/")
    def lose() -> None:
        with Session(engine) as session:
            session.add(Tag(id=950, name="lost"))
            session.flush()

    await visit(app, "/", method="POST")
    engine.dispose()
    assert len(findings(only(reports), "lost_write")) == 1


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_two_blocks_are_blamed_on_their_own_lines(database: Database) -> None:
    app, reports = guarded(detectors=CALM)

    def first_block() -> None:  # until the watchdog has looked, and a fifth of a second has gone by
        heartbeat = heartbeat_here()
        while heartbeat is not None and (heartbeat.blocker is None or time.perf_counter() - heartbeat.due < 0.2):
            time.sleep(0.01)

    def second_block() -> None:
        heartbeat = heartbeat_here()
        while heartbeat is not None and (heartbeat.blocker is None or time.perf_counter() - heartbeat.due < 0.2):
            time.sleep(0.01)

    async def serve(block: Callable[[], None]) -> None:
        await asyncio.sleep(0.04)
        block()
        await asyncio.sleep(0.04)

    @app.get("/one")
    async def one() -> None:
        await serve(first_block)

    @app.get("/two")
    async def two() -> None:
        await asyncio.sleep(0.12)
        await serve(second_block)

    await visit(app, "/one", "/two")
    own = [
        f"{report.request.path} {function_of(finding)}"
        for report in reports
        for finding in findings(report, "event_loop_blocked")
        if "outside" not in finding.summary and finding.site.frames and function_of(finding).endswith("_block")
    ]
    assert sorted(own) == ["/one first_block", "/two second_block"]


async def test_each_application_reports_its_own_pools(postgres_url: str) -> None:
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    told: list[int] = []
    for _ in range(2):
        reports: list[Report] = []
        app = FastAPI()
        app.add_middleware(QueryGuard, reporters=[reports.append])

        def read() -> None:
            with engine.connect() as connection:
                connection.execute(select(1))

        app.get("/")(read)
        await visit(app, "/")
        told.append(len(findings(only(reports), "pool_settings")))
    engine.dispose()
    assert told == [1, 1]
