"""QueryGuard as an application meets it: what it adds to a response, and all that it leaves alone."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import Facts, Finding, QueryGuard, Report, query_budget
from query_guard.capture.live import event_loop
from query_guard.document.report import document
from query_guard.web.asgi import Message, Receive, Scope, Send
from tests.databases import UNTIMED
from tests.serving import guarded, only

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def send(number: int = 1) -> None:
    with engine.connect() as connection:
        for n in range(number):
            connection.execute(text(f"SELECT {n}"))


async def get(app: FastAPI, path: str = "/", **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path, **options)


@pytest.mark.asyncio
async def test_headers_are_exactly_the_contract() -> None:
    app, reports = guarded()

    @app.get("/")
    def endpoint() -> None:
        send(3)

    headers = (await get(app)).headers
    assert headers["X-Query-Count"] == "3"
    assert re.fullmatch(r"\d+\.\d{3}", headers["X-Query-Time-Ms"])
    assert headers["X-Query-Findings"] == "n_plus_one=1"
    assert re.fullmatch(r"checkouts=1, wait-ms=\d+\.\d, held-ms=\d+\.\d", headers["X-Query-Pool"])
    assert headers["X-Query-Guard-Id"] == only(reports).id
    timing = r'db;dur=\d+\.\d;desc="3 queries", pool;dur=\d+\.\d;desc="1 checkout"'
    assert re.fullmatch(timing, headers["Server-Timing"])


@pytest.mark.asyncio
async def test_findings_are_absent_when_there_are_none() -> None:
    app, _ = guarded()
    app.get("/")(send)
    response = await get(app, "/?number=1")
    assert response.headers["X-Query-Count"] == "1"
    assert "X-Query-Findings" not in response.headers


@pytest.mark.asyncio
async def test_headers_can_be_left_out() -> None:
    app, reports = guarded(headers=False)
    app.get("/")(send)
    assert not [name for name in (await get(app)).headers if "query" in name or name == "server-timing"]
    assert only(reports).query_count == 1


@pytest.mark.asyncio
async def test_above_500_statements_findings_are_pending_and_counts_exact() -> None:
    app, reports = guarded()
    app.get("/")(send)
    response = await get(app, "/?number=501")
    assert response.headers["X-Query-Count"] == "501"
    assert response.headers["X-Query-Findings"] == "pending"
    assert [finding.kind for finding in only(reports).loud_findings] == ["n_plus_one"]


@pytest.mark.asyncio
async def test_route_templates_are_full() -> None:
    app, reports = guarded()
    inner, outer, mounted = APIRouter(prefix="/items"), APIRouter(prefix="/shops/{shop}"), FastAPI()
    inner.get("/{item}")(lambda shop, item: None)
    mounted.get("/things/{thing}")(lambda tenant, thing: None)
    outer.include_router(inner)
    app.include_router(outer)
    app.mount("/tenants/{tenant:int}", mounted)
    app.mount("/files/{volume}", PlainTextResponse("x"))
    for path in ("/shops/north/items/7", "/tenants/007/things/x", "/files/secret/a.txt", "/nowhere"):
        await get(app, path)
    assert [report.request.route for report in reports] == [
        "/shops/{shop}/items/{item}",
        "/tenants/{tenant:int}/things/{thing}",
        "/files/{volume}",
        None,
    ]
    assert [report.request.path for report in reports] == [report.request.route for report in reports]


@pytest.mark.asyncio
async def test_values_in_paths_are_kept_only_with_capture_parameters() -> None:
    app, reports = guarded(capture_parameters=True)
    app.get("/reset/{token}")(lambda token: None)
    for path in ("/reset/secret", "/nowhere/secret"):
        await get(app, path)
    assert [report.request.path for report in reports] == ["/reset/secret", None]
    assert [document(report)["path"] for report in reports] == ["/reset/{token}", None]
    assert [document(report, parameters=True)["path"] for report in reports] == ["/reset/secret", None]
    assert [report.request.name for report in reports] == ["GET /reset/{token}", "GET (no route)"]


@pytest.mark.asyncio
async def test_a_router_of_two_applications_has_a_template_in_each() -> None:
    router = APIRouter()
    router.get("/items/{item}")(lambda item: None)
    for prefix in ("/v1", "/v2"):
        app, reports = guarded()
        app.include_router(router, prefix=prefix)
        for _ in range(2):
            await get(app, f"{prefix}/items/7")
        assert [report.request.route for report in reports] == [f"{prefix}/items/{{item}}"] * 2


@pytest.mark.asyncio
async def test_an_exception_passes_unchanged_and_is_reported_as_500() -> None:
    app, reports = guarded()
    error = ValueError("the application's own")

    @app.get("/")
    def endpoint() -> None:
        send(3)
        raise error

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with pytest.raises(ValueError, match="own") as raised:
            await client.get("/")
    assert raised.value is error
    assert only(reports).request.status == 500
    assert [finding.kind for finding in only(reports).loud_findings] == ["n_plus_one"]


@pytest.mark.asyncio
async def test_lifespan_is_left_alone() -> None:
    seen: list[str] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])
        assert "query_guard" not in scope

    async def nothing(*_: Any) -> Any: ...

    await QueryGuard(inner)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]


@pytest.mark.asyncio
async def test_installing_twice_counts_once() -> None:
    app, reports = guarded()
    app.add_middleware(QueryGuard, reporters=[reports.append])
    app.get("/")(send)
    response = await get(app)
    assert response.headers.get_list("X-Query-Count") == ["1"]
    assert [report.query_count for report in reports] == [1]


@pytest.mark.asyncio
async def test_two_applications_do_not_see_each_other() -> None:
    (first, of_first), (second, of_second) = guarded(), guarded()
    first.get("/")(send)
    second.get("/")(send)
    await asyncio.gather(get(first, "/?number=2"), get(second, "/?number=5"))
    assert (of_first[0].query_count, of_second[0].query_count) == (2, 5)


def test_a_websocket_is_one_window_and_its_messages_no_loop() -> None:
    app, reports = guarded()

    def answer(number: str) -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT :n"), {"n": number})

    @app.websocket("/ws")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        for _ in range(4):
            number = await socket.receive_text()
            await run_in_threadpool(answer, number)
            await socket.send_text("done")
        await socket.close()

    with TestClient(app) as client, client.websocket_connect("/ws") as socket:
        for number in "1234":
            socket.send_text(number)
            socket.receive_text()
    (report,) = reports
    assert (report.request.kind, report.request.name, report.query_count) == ("websocket", "WEBSOCKET /ws", 4)
    assert [row.segment for row in report.facts.statements] == [1, 2, 3, 4]
    assert report.findings == ()


@pytest.mark.asyncio
async def test_phases_are_named() -> None:
    app, reports = guarded()

    async def session() -> AsyncIterator[None]:
        send()
        yield
        send()

    def body() -> Any:
        send()
        yield b"x"

    @app.get("/", dependencies=[Depends(session)])
    async def endpoint(background: BackgroundTasks) -> StreamingResponse:
        send()
        background.add_task(send)
        await asyncio.create_task(spawned())
        return StreamingResponse(body())

    async def spawned() -> None:
        send()

    await get(app)
    phases = [row.phase for row in only(reports).facts.statements]
    assert phases == ["dependency", "endpoint", "task", "streaming", "background", "teardown"]


@pytest.mark.asyncio
async def test_statements_of_application_middleware_are_named_so() -> None:
    app = FastAPI()
    reports: list[Report] = []

    @app.middleware("http")
    async def count(request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        send()
        return await call_next(request)

    app.add_middleware(QueryGuard, reporters=[reports.append])
    app.get("/")(send)
    await get(app)
    assert [row.phase for row in only(reports).facts.statements] == ["middleware", "endpoint"]


@pytest.mark.query_guard(mode="off")
@pytest.mark.asyncio
async def test_a_budget_of_the_middleware_is_enforced() -> None:
    app, reports = guarded(budgets={"GET /few": 1})
    app.get("/few")(send)
    await get(app, "/few?number=2")
    (finding,) = only(reports).findings
    assert (finding.kind, finding.severity) == ("statement_budget", "warning")
    assert finding.summary == "GET /few sent 2 statements; its budget is 1"


@pytest.mark.query_guard(mode="off")
@pytest.mark.asyncio
async def test_a_budget_on_the_endpoint_is_enforced() -> None:
    app, reports = guarded()

    @app.get("/")
    @query_budget(max_queries=1)
    def endpoint() -> None:
        send(2)

    await get(app)
    assert [finding.kind for finding in only(reports).findings] == ["statement_budget"]


@pytest.mark.asyncio
async def test_a_budget_without_a_route_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    app, _ = guarded(budgets={"GET /misspelt": 1})
    app.get("/")(send)
    await get(app)
    await get(app)
    (record,) = [record for record in caplog.records if "budget" in record.message]
    assert "'GET /misspelt' names no route" in record.message


@pytest.mark.asyncio
async def test_a_failing_detector_is_logged_once_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_facts: Facts) -> list[Finding]:
        raise RuntimeError("broken detector one")

    app, reports = guarded(detectors=[broken])
    app.get("/")(send)
    for _ in range(2):
        assert (await get(app)).status_code == 200
    assert len(reports) == 2
    (record,) = [record for record in caplog.records if "broken" in record.message]
    assert record.exc_info is None
    assert re.fullmatch(
        r"query_guard: detector \S+broken failed: builtins\.RuntimeError "
        r"at query_guard/judge/verdict\.py:\d+ in _found, "
        rf"{re.escape(__file__)}:\d+ in broken \(logged once; the application is not affected\)",
        record.getMessage(),
    )


@pytest.mark.asyncio
async def test_a_failing_reporter_is_logged_once_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    reports: list[Report] = []

    def failing(_report: Report) -> None:
        raise RuntimeError("no disk")

    app, _ = guarded(reporters=[failing, reports.append])
    app.get("/")(send)
    for _ in range(2):
        assert (await get(app)).status_code == 200
    assert len(reports) == 2
    assert len([record for record in caplog.records if "failing" in record.message]) == 1


@pytest.mark.asyncio
async def test_a_reporter_whose_wants_quiet_reports_fails_changes_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query_guard.own_errors._logged", set())  # another test may have had it said
    monkeypatch.setattr(
        "query_guard.judge.pipeline.listeners", []
    )  # the plugin listens, so that nobody else would be asked

    class Reporter:
        def __call__(self, _report: Report) -> None:
            pass

        def wants_quiet_reports(self) -> bool:
            raise RuntimeError("broken question")

    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[Reporter()])
    app.get("/")(lambda: "nothing of a database")
    for _ in range(2):
        assert (await get(app)).status_code == 200
    assert len([record for record in caplog.records if "could not say which reports it wants" in record.message]) == 1


def test_a_process_without_threads_to_spare_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    app = FastAPI()
    app.add_middleware(QueryGuard)

    @app.get("/")
    async def endpoint() -> str:
        return "nothing of a database"

    monkeypatch.setattr(event_loop, "_watchdog", event_loop._Watchdog())
    monkeypatch.setattr(threading.Thread, "start", start)
    assert asyncio.run(get(app)).status_code == 200
    assert "the event loop could not be watched" in caplog.text


@pytest.mark.asyncio
async def test_a_scope_that_cannot_be_described_changes_nothing() -> None:
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, answer: Send) -> None:
        send()
        await answer({"type": "http.response.start", "status": 200})
        await answer({"type": "http.response.body"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def note(message: Message) -> None:
        sent.append(message)

    await QueryGuard(app)({"type": "http"}, receive, note)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


@pytest.mark.asyncio
async def test_a_kind_that_is_no_header_key_cannot_break_the_header() -> None:
    def hostile(_facts: Facts) -> list[Finding]:
        return [Finding("evil\r\nSet-Cookie: x=1", "warning", "summary", "fix")]

    app, _ = guarded(detectors=[hostile])
    app.get("/")(send)
    response = await get(app)
    assert response.headers["X-Query-Findings"] == "evil__set-cookie__x_1=1"
    assert "Set-Cookie" not in response.headers


@pytest.mark.asyncio
async def test_hostile_sql_cannot_break_headers_or_logs(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    app.add_middleware(QueryGuard, detectors=UNTIMED)

    @app.get("/")
    def endpoint() -> None:
        with engine.connect() as connection:
            for n in range(3):
                connection.exec_driver_sql(f'SELECT {n} AS "a\r\nX-Evil: 1\x1b[31m"')

    with caplog.at_level(logging.INFO, "query_guard"):
        response = await get(app)
    assert "X-Evil" not in response.headers
    assert len(caplog.records) == 2
    assert all(not set(record.message) & set("\r\n\x1b") for record in caplog.records)


@pytest.mark.asyncio
async def test_excluded_paths_are_not_recorded() -> None:
    app, reports = guarded(exclude=("/health*",))
    app.get("/health/live")(send)
    assert "X-Query-Count" not in (await get(app, "/health/live")).headers
    assert reports == []


@pytest.mark.asyncio
async def test_requests_that_are_not_sampled_are_only_counted() -> None:
    app, reports = guarded(sample_rate=0)
    app.get("/")(send)
    response = await get(app, "/?number=9")
    assert response.headers["X-Query-Count"] == "9"
    assert only(reports).facts.statements == ()


@pytest.mark.asyncio
async def test_only_the_named_engines_are_watched() -> None:
    other = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    app, reports = guarded(engines=[other])

    @app.get("/")
    def endpoint() -> None:
        send(3)
        with other.connect() as connection:
            connection.execute(text("SELECT 1"))

    await get(app)
    other.dispose()
    assert only(reports).query_count == 1


@pytest.mark.asyncio
async def test_it_can_be_switched_off_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_ENABLED", "0")
    app, reports = guarded()
    app.get("/")(send)
    assert "X-Query-Count" not in (await get(app)).headers
    assert reports == []
