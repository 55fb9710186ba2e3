"""Findings about connections: rows D6 to D11 of the gate."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from query_guard import Report, defaults
from query_guard.capture.live import holders
from query_guard.capture.live.pools import pool_facts, watch_of
from query_guard.detectors import PoolSettings
from query_guard.records import Engine, Holder
from query_guard.reporters.log import LogReporter
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, Database
from tests.serving import KEY, WITH_KEY, client_of, findings, function_of, guarded, only, report_of, visit

pytestmark = pytest.mark.asyncio

CALM = tuple(detector for detector in defaults() if not isinstance(detector, PoolSettings))
TIMED = ("slow_statement", "pool_wait", "idle_in_transaction", "event_loop_blocked")
"""What a busy machine may do to any request."""
ONE = text("SELECT 1")
PATIENCE = 30
"""Seconds after which a test gives up."""


@pytest_asyncio.fixture
async def narrow(database: Database) -> AsyncIterator[Callable[..., Database]]:
    """Make databases with pools of one's own size."""
    made: list[Database] = []

    def make(**options: Any) -> Database:
        made.append(Database(database.driver, database.url, **{"pool_size": 1, "max_overflow": 0, **options}))
        return made[-1]

    yield make
    for one in made:
        await one.dispose()


def add_holding(app: FastAPI, database: Database, path: str, released: threading.Event | None = None) -> None:
    """Add a route that takes a connection, and keeps it until it is released."""

    async def hold_async() -> None:
        async with database.async_session() as session:
            await session.execute(ONE)
            while released is not None and not released.is_set():
                await asyncio.sleep(0.01)

    def hold() -> None:
        with database.session() as session:
            session.execute(ONE)
            if released is not None:
                released.wait(PATIENCE)

    app.get(path)(hold_async if database.is_async else hold)


async def until(request: str, doing: str, times: int = 1) -> None:
    """Wait until so many connections are held by a route that does something, however busy the machine is."""
    async with asyncio.timeout(PATIENCE):
        while times > len([holder for holder in _holders() if (holder.name, holder.doing) == (request, doing)]):
            await asyncio.sleep(0.01)


async def until_ended(threads: set[threading.Thread]) -> None:
    """Wait for the thread of a driver whose connection was dropped: it answers to a loop that must still be there."""
    async with asyncio.timeout(PATIENCE):
        while any(thread.is_alive() and thread.name != "query_guard watchdog" for thread in threads):
            await asyncio.sleep(0.01)


def _holders() -> list[Holder]:
    return [holder for _, held in holders.live_pools() for holder in held]


async def test_d6_a_checkout_that_waits_says_who_held_the_connection(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)
    released = threading.Event()
    add_holding(app, database, "/first", released)
    add_holding(app, database, "/second")
    await visit(app, "/second")  # connects
    reports.clear()
    async with client_of(app) as client:
        first = asyncio.create_task(client.get("/first"))
        await until("GET /first", "idle in transaction")
        second = asyncio.create_task(client.get("/second"))
        await asyncio.sleep(0.3)
        released.set()
        response = await second
        await first
    report = report_of(reports, "/second")
    (finding,) = findings(report, "pool_wait")
    is_calm = not report.facts.loop_blocks
    assert finding.severity == "warning" or not is_calm
    assert function_of(finding) == ("hold_async" if database.is_async else "hold")
    assert finding.saving >= 0.1
    (detail,) = finding.details
    assert detail.startswith("held by GET /first at tests/gate/test_connections.py:")
    assert detail.endswith(", then returned")
    assert "pool_wait=1" in response.headers.get("X-Query-Findings", "") or not is_calm
    assert not findings(report_of(reports, "/first"), "pool_wait")


async def test_d7_a_pool_timeout_names_each_holder_and_what_it_does(narrow: Callable[..., Database]) -> None:
    database = narrow(pool_size=2, pool_timeout=0.3)
    app, reports = guarded(detectors=CALM)
    released = threading.Event()
    add_holding(app, database, "/holds", released)
    add_holding(app, database, "/asks")
    async with client_of(app) as client:
        holding = [asyncio.create_task(client.get("/holds")) for _ in range(2)]
        await until("GET /holds", "idle in transaction", times=2)
        response = await client.get("/asks")
        released.set()
        pools = (await asyncio.gather(*holding), holders.live_pools())
    assert response.status_code == 500
    report = report_of(reports, "/asks")
    (finding,) = findings(report, "pool_timeout")
    assert finding.severity == "error"
    assert "2 of at most 2 were held, all by GET /holds" in finding.summary
    assert len(finding.details) == 2
    assert all("held by GET /holds at tests/gate/test_connections.py:" in detail for detail in finding.details)
    assert all("idle in transaction for" in detail for detail in finding.details)
    assert [one.outcome for one in report.facts.checkouts] == ["timeout"]
    assert pools[0][0].status_code == 200


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
async def test_d7_a_running_statement_is_not_taken_for_an_idle_transaction(narrow: Callable[..., Database]) -> None:
    database = narrow(pool_timeout=0.2)
    app, reports = guarded(detectors=CALM)

    async def sleep_async() -> None:
        async with database.async_session() as session:
            await session.execute(text("SELECT pg_sleep(1.5)"))

    def sleep() -> None:
        with database.session() as session:
            session.execute(text("SELECT pg_sleep(1.5)"))

    app.get("/sleeps")(sleep_async if database.is_async else sleep)
    add_holding(app, database, "/asks")
    async with client_of(app) as client:
        sleeping = asyncio.create_task(client.get("/sleeps"))
        await until("GET /sleeps", "running a statement")
        await client.get("/asks")
        await sleeping
    (finding,) = findings(report_of(reports, "/asks"), "pool_timeout")
    (detail,) = finding.details
    assert detail.endswith(", running a statement")


@pytest.mark.parametrize(("size", "severity"), [(2, "warning"), (20, "info")])
async def test_d8_a_second_checkout_while_one_is_held(
    narrow: Callable[..., Database], size: int, severity: str
) -> None:
    database = narrow(pool_size=size)
    app, reports = guarded(detectors=CALM)

    async def nested_async() -> None:
        async with database.async_session() as outer, database.async_session() as inner:
            await outer.execute(ONE)
            await inner.execute(ONE)

    def nested() -> None:
        with database.session() as outer, database.session() as inner:
            outer.execute(ONE)
            inner.execute(ONE)

    app.get("/")(nested_async if database.is_async else nested)
    await visit(app, "/")
    (finding,) = findings(only(reports), "nested_checkout")
    assert finding.severity == severity
    assert function_of(finding).startswith("nested")
    assert only(reports).facts.peak_connections == 2


@pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
async def test_d8_tasks_side_by_side_are_not_nested(narrow: Callable[..., Database]) -> None:
    database = narrow(pool_size=4)
    app, reports = guarded(detectors=CALM)

    async def hold(barrier: asyncio.Barrier) -> None:
        async with database.async_session() as session:
            await session.execute(ONE)
            await barrier.wait()  # until all of them hold one

    @app.get("/")
    async def fan_out() -> None:
        barrier = asyncio.Barrier(3)
        await asyncio.gather(hold(barrier), hold(barrier), hold(barrier))

    await visit(app, "/")
    assert not findings(only(reports), "nested_checkout")
    assert only(reports).facts.peak_connections == 3


kept: list[Any] = []


@pytest.mark.filterwarnings("ignore:The garbage collector")
async def test_d9_a_session_kept_and_never_closed_is_leaked(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)

    async def keep_async() -> None:
        session = AsyncSession(database.async_engine)
        await session.execute(ONE)
        kept.append(session)

    def keep() -> None:
        session = Session(database.engine)
        session.execute(ONE)
        kept.append(session)

    app.get("/")(keep_async if database.is_async else keep)
    await visit(app, "/")
    (finding,) = findings(only(reports), "connection_leak")
    assert finding.severity == "error"
    assert function_of(finding) == ("keep_async" if database.is_async else "keep")
    assert "not returned at the end of the request" in finding.summary
    assert [one.outcome for one in only(reports).facts.checkouts] == ["leaked"]
    if database.is_async:
        await kept.pop().close()
    else:
        kept.pop().close()


@pytest.mark.filterwarnings("ignore:The garbage collector", "ignore:Exception ignored")
async def test_d9_a_session_dropped_is_collected(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)

    async def drop_async() -> None:
        session = AsyncSession(database.async_engine)
        await session.execute(ONE)
        del session
        gc.collect()

    def drop() -> None:
        session = Session(database.engine)
        session.execute(ONE)
        del session
        gc.collect()

    app.get("/")(drop_async if database.is_async else drop)
    others = {*threading.enumerate()}
    await visit(app, "/")
    if database.is_async:
        await until_ended({*threading.enumerate()} - others)
    (finding,) = findings(only(reports), "connection_leak")
    assert function_of(finding) == ("drop_async" if database.is_async else "drop")
    assert "the garbage collector returned it" in finding.summary
    assert [one.outcome for one in only(reports).facts.checkouts] == ["collected"]


async def test_d9_a_session_lost_on_an_exception_is_leaked(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)

    async def lose_async() -> None:
        session = AsyncSession(database.async_engine)
        kept.append(session)
        await session.execute(ONE)
        raise RuntimeError("never comes to close()")

    def lose() -> None:
        session = Session(database.engine)
        kept.append(session)
        session.execute(ONE)
        raise RuntimeError("never comes to close()")

    app.get("/")(lose_async if database.is_async else lose)
    (response,) = await visit(app, "/")
    assert response.status_code == 500
    assert [finding.kind for finding in only(reports).findings if finding.kind not in TIMED] == ["connection_leak"]
    session = kept.pop()
    await session.close() if database.is_async else session.close()


@pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
async def test_d9_a_task_that_lives_on_may_still_return_it(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)
    tasks: list[asyncio.Task[None]] = []
    go = asyncio.Event()

    @app.get("/")
    async def hand_on() -> None:
        session = AsyncSession(database.async_engine)
        await session.execute(ONE)

        async def later() -> None:
            await go.wait()
            await session.close()

        tasks.append(asyncio.create_task(later()))

    await visit(app, "/")
    assert [finding.kind for finding in only(reports).findings if finding.kind not in TIMED] == []
    assert [one.outcome for one in only(reports).facts.checkouts] == ["late"]
    go.set()
    await tasks[0]
    assert [one.outcome for one in only(reports).facts.checkouts] == ["late"]


async def test_d9_a_middleware_around_the_guard_may_still_return_it(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)

    @app.get("/")
    async def use(request: Request) -> None:
        if database.is_async:
            await request.state.session.execute(ONE)
        else:
            request.state.session.execute(ONE)

    class WithSession:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if database.is_async:
                async with database.async_session() as session:
                    await self.app({**scope, "state": {"session": session}}, receive, send)
            else:
                with database.session() as sync_session:
                    await self.app({**scope, "state": {"session": sync_session}}, receive, send)

    app.add_middleware(WithSession)
    await visit(app, "/")
    assert not findings(only(reports), "connection_leak")
    assert [one.outcome for one in only(reports).facts.checkouts] == ["late"]


async def test_d10_a_connection_held_long_is_suspected_until_it_returns(
    narrow: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "SUSPICIOUS", 0.1)
    monkeypatch.setattr(holders, "_next_check", 0.0)
    told: list[tuple[Holder, Engine]] = []

    class Listener(LogReporter):
        def suspect(self, holder: Holder, engine: Engine) -> None:
            monkeypatch.setattr(holders, "_next_check", 0.0)
            if holder.name == "GET /holds":
                told.append((holder, engine))

    database = narrow(pool_size=2)
    reports: list[Report] = []
    app, _ = guarded(detectors=CALM, debug=True, debug_token=KEY, reporters=[reports.append, Listener()])
    released = threading.Event()
    add_holding(app, database, "/holds", released)
    app.get("/other")(lambda: None)
    async with client_of(app) as client:
        holding = asyncio.create_task(client.get("/holds"))
        await until("GET /holds", "idle in transaction")
        await asyncio.sleep(0.2)
        await client.get("/other")
        pools = (await client.get("/__query_guard__/api/pools", headers=WITH_KEY)).json()["pools"]
        released.set()
        await holding
        monkeypatch.setattr(holders, "_next_check", 0.0)
        await client.get("/other")
    (holder,) = [one for pool in pools for one in pool["holders"] if one["name"] == "GET /holds"]
    assert holder["suspected"] is True
    assert holder["doing"] == "idle in transaction"
    assert holder["file"] == "tests/gate/test_connections.py"
    assert [one.suspected for one, _ in told] == [True, False]
    assert not findings(report_of(reports, "/holds"), "connection_leak")


async def test_d11_a_stream_that_holds_its_connection_is_no_leak(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)

    async def body_async() -> Any:
        async with database.async_session() as session:
            for _ in range(3):
                await session.execute(ONE)
                yield "row"

    def body() -> Any:
        with database.session() as session:
            for _ in range(3):
                session.execute(ONE)
                yield "row"

    @app.get("/")
    async def stream() -> StreamingResponse:
        return StreamingResponse(body_async() if database.is_async else body())

    (response,) = await visit(app, "/")
    assert response.text == "rowrowrow"
    assert not findings(only(reports), "connection_leak")
    assert [(one.outcome, one.phase) for one in only(reports).facts.checkouts] == [("returned", "streaming")]


@pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
async def test_d11_a_thread_that_works_on_may_still_return_it(narrow: Callable[..., Database]) -> None:
    database = narrow()
    app, reports = guarded(detectors=CALM)
    has_begun, go, has_ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with database.session() as session:
            session.execute(ONE)
            has_begun.set()
            go.wait(PATIENCE)
        has_ended.set()

    @app.get("/")
    async def begin() -> None:
        threading.Thread(target=contextvars.copy_context().run, args=(work,)).start()
        await asyncio.to_thread(has_begun.wait, PATIENCE)

    await visit(app, "/")
    assert not findings(only(reports), "connection_leak")
    assert [one.outcome for one in only(reports).facts.checkouts] == ["late"]
    go.set()
    await asyncio.to_thread(has_ended.wait, PATIENCE)


@pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
async def test_d9_a_connection_that_is_dropped_after_the_report_is_logged_and_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = database.engine
    assert engine is not None
    app, _ = guarded(detectors=CALM, reporters=[LogReporter()])
    contexts: list[contextvars.Context] = []

    @app.get("/starts")
    def starts() -> None:
        contexts.append(contextvars.copy_context())  # as a thread or a task gets it that goes on
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def goes_on() -> None:
        engine.connect().execute(text("SELECT 1"))

    app.get("/other")(lambda: None)
    await visit(app, "/starts")
    before = pool_facts(watch_of(engine.pool))
    for _ in range(2):
        contexts[0].run(goes_on)
        gc.collect()
        monkeypatch.setattr(holders, "_next_check", 0.0)
        await visit(app, "/other")
    after = pool_facts(watch_of(engine.pool))
    logged = [vars(each)["query_guard"] for each in caplog.records if "connection_collected" in each.getMessage()]
    assert [(each["holder"], each["doing"], each["function"], each["times"]) for each in logged] == [
        ("GET /starts", "then collected", "goes_on", 1)
    ]
    assert before is not None
    assert after is not None
    assert (before.collected, after.collected) == (0, 2)
