"""What is written on the span of a request, whoever records it, and the trace in reports and log lines."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind
from sqlalchemy import text
from sqlalchemy.orm import Session

from query_guard import QueryGuard, Report, record
from query_guard.document.report import document
from query_guard.reporters import Reporter
from query_guard.reporters.log import LogReporter
from query_guard.reporters.telemetry import TelemetryReporter
from query_guard.reporters.text import render
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send
from tests.databases import UNTIMED, Database
from tests.reporters.collected import Telemetry, points
from tests.serving import guarded, only, visit

ONE = text("SELECT name FROM users WHERE id = :id")
OWN = ("report_id", "sampled", "queries", "query_time", "wait_time")


Setting: TypeAlias = tuple[FastAPI, Telemetry, list[Report]]


def loop(number: int) -> Callable[[Session], None]:
    def body(session: Session) -> None:
        for value in range(number):
            session.execute(ONE, {"id": value})

    return body


def native(telemetry: Telemetry) -> FastAPI:
    """FastAPI's own telemetry, which ends the span with the last message of the answer."""
    return FastAPI(telemetry={"tracer_provider": telemetry.tracer_provider, "metrics": False, "logs": False})


def instrumented(telemetry: Telemetry) -> FastAPI:
    app = FastAPI()
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=telemetry.tracer_provider, meter_provider=telemetry.meter_provider
    )
    return app


class Around:
    """A span that lasts until all work of a request is done, as an application's own middleware may record it."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app, self.tracer = app, telemetry.tracer_provider.get_tracer("around")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.tracer.start_as_current_span("request", kind=SpanKind.SERVER):
            await self.app(scope, receive, send)


@pytest.fixture(params=[pytest.param(native, marks=pytest.mark.once), instrumented], ids=["native", "instrumented"])
def traced(request: pytest.FixtureRequest) -> Iterator[Setting]:
    telemetry = Telemetry()
    app = request.param(telemetry)
    reports: list[Report] = []
    reporters = [reports.append, TelemetryReporter(telemetry.meter_provider), LogReporter()]
    app.add_middleware(QueryGuard, reporters=reporters, detectors=UNTIMED)
    yield app, telemetry, reports
    if request.param is instrumented:
        FastAPIInstrumentor.uninstrument_app(app)


def server_span(telemetry: Telemetry) -> ReadableSpan:
    (span,) = [span for span in telemetry.exporter.get_finished_spans() if span.kind is SpanKind.SERVER]
    return span


def own(span: ReadableSpan) -> dict[str, Any]:
    attributes = span.attributes or {}
    return {
        name.removeprefix("query_guard."): value
        for name, value in attributes.items()
        if name.startswith("query_guard.")
    }


@pytest.mark.asyncio
@pytest.mark.parametrize("headers", [True, False], ids=["headers", "no headers"])
async def test_a_span_has_the_numbers_of_its_request_and_an_event_for_each_finding(
    traced: Setting, database: Database, headers: bool
) -> None:
    app, telemetry, reports = traced
    app.user_middleware[-1].kwargs["headers"] = headers

    @app.get("/users")
    async def users() -> None:
        await database.run(loop(12))

    await visit(app, "/users")
    report, span = only(reports), server_span(telemetry)
    numbers = report.facts.numbers
    assert own(span) == dict(zip(OWN, (report.id, True, 12, numbers.query_time, numbers.wait), strict=True))
    (finding,) = report.findings
    (event,) = span.events
    frame = finding.site.innermost
    assert frame is not None
    assert (event.name, dict(event.attributes or {})) == (
        "query_guard.finding",
        {
            "query_guard.finding.kind": "n_plus_one",
            "query_guard.finding.severity": "warning",
            "query_guard.finding.summary": finding.summary,
            "query_guard.finding.fix": finding.fix,
            "query_guard.finding.count": 12,
            "code.file.path": frame.file,
            "code.line.number": frame.line,
            "code.function.name": "body",
        },
    )


@pytest.mark.asyncio
async def test_reports_and_log_lines_name_trace_and_span(
    traced: Setting, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    app, telemetry, reports = traced

    @app.get("/")
    async def users() -> None:
        await database.run(loop(12))

    with caplog.at_level(logging.INFO, "query_guard"):
        await visit(app, "/")
    context = server_span(telemetry).get_span_context()
    assert context is not None
    expected = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    report = only(reports)
    assert {name: getattr(report, name) for name in expected} == expected
    assert {name: json.loads(json.dumps(document(report)))[name] for name in expected} == expected
    assert f"trace {expected['trace_id']}" in render(report).splitlines()[1]
    events = [vars(each)["query_guard"] for each in caplog.records if each.name == "query_guard"]
    assert len(events) == 2
    assert [event | expected for event in events] == events


@pytest.mark.asyncio
async def test_a_stream_and_an_error_are_on_the_span_with_all_their_statements(
    traced: Setting, database: Database
) -> None:
    app, telemetry, _ = traced

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for _ in range(3):
                await database.run(loop(1))
                yield "part"

        return StreamingResponse(parts())

    @app.get("/error")
    async def error() -> None:
        await database.run(loop(2))
        raise LookupError

    await visit(app, "/stream")
    assert own(server_span(telemetry))["queries"] == 3
    telemetry.exporter.clear()
    await visit(app, "/error")
    assert own(server_span(telemetry))["queries"] == 2


@pytest.mark.asyncio
async def test_where_the_span_lasts_what_follows_the_answer_is_on_it_and_no_finding_is_there_twice(
    database: Database,
) -> None:
    def after(session: Session) -> None:
        for value in range(6):
            session.execute(text("SELECT title FROM posts WHERE id = :id"), {"id": value})

    telemetry = Telemetry()
    app, _ = guarded(reporters=[TelemetryReporter(telemetry.meter_provider)])
    app.add_middleware(Around, telemetry=telemetry)

    @app.get("/")
    async def answer(tasks: BackgroundTasks) -> None:
        tasks.add_task(database.run, after)
        await database.run(loop(12))

    await visit(app, "/")
    span = server_span(telemetry)
    assert own(span)["queries"] == 18
    assert [(event.attributes or {})["query_guard.finding.count"] for event in span.events] == [12, 6]


@pytest.mark.asyncio
async def test_a_large_report_that_a_thread_makes_is_on_its_span(traced: Setting, database: Database) -> None:
    app, telemetry, reports = traced

    @app.get("/")
    async def many() -> None:
        await database.run(loop(501))

    await visit(app, "/")
    span = server_span(telemetry)
    assert own(span)["queries"] == 501
    assert only(reports).span_id == f"{span.get_span_context().span_id:016x}"  # type: ignore[union-attr]  # a finished span has a context


@pytest.mark.asyncio
async def test_requests_at_once_write_on_their_own_spans(traced: Setting, database: Database) -> None:
    app, telemetry, reports = traced

    @app.get("/{number}")
    async def some(number: int) -> None:
        await database.run(loop(number))
        await asyncio.sleep(0)

    await visit(app, *[f"/{number}" for number in range(5)])
    spans = [span for span in telemetry.exporter.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert sorted(own(span)["queries"] for span in spans) == [0, 1, 2, 3, 4]
    assert {own(span)["report_id"]: own(span)["queries"] for span in spans} == {
        report.id: report.query_count for report in reports
    }


@pytest.mark.asyncio
@pytest.mark.query_guard(mode="off")  # a test that is recorded has the details of all it does
@pytest.mark.parametrize(
    ("number", "findings"), [(2, []), (3, ["statement_budget"])], ids=["within its budget", "over its budget"]
)
async def test_the_span_of_a_request_that_is_not_sampled_says_so_and_nothing_of_its_wait(
    database: Database, number: int, findings: list[str]
) -> None:
    telemetry = Telemetry()
    app = instrumented(telemetry)
    reports: list[Report] = []
    reporters: list[Reporter] = [TelemetryReporter(telemetry.meter_provider), reports.append]
    app.add_middleware(QueryGuard, reporters=reporters, sample_rate=0, budgets={"GET /": 2})

    @app.get("/")
    async def users() -> None:
        await database.run(loop(number))

    await visit(app, "/")
    report, span = only(reports), server_span(telemetry)
    assert own(span) == {
        "report_id": report.id, "sampled": False, "queries": number, "query_time": report.facts.query_time,
    }  # fmt: skip
    assert [(event.attributes or {})["query_guard.finding.kind"] for event in span.events] == findings


@pytest.mark.asyncio
@pytest.mark.query_guard(mode="off")
@pytest.mark.parametrize("number", [0, 3])
async def test_the_span_of_a_request_that_is_only_counted_says_how_many_statements_it_sent(
    database: Database, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [])  # as outside of tests
    telemetry = Telemetry()
    app = instrumented(telemetry)
    app.add_middleware(QueryGuard, reporters=[TelemetryReporter(telemetry.meter_provider)], sample_rate=0)

    @app.get("/")
    async def users() -> None:
        await database.run(loop(number))

    [response] = await visit(app, "/")
    written = own(server_span(telemetry))
    query_time = written.pop("query_time")
    assert written == {"report_id": response.headers["X-Query-Guard-Id"], "sampled": False, "queries": number}
    assert (query_time > 0) == (number > 0)
    (queries,) = points(telemetry.metrics()["query_guard.request.queries"]).values()
    assert queries == (1, number)


def test_a_block_is_on_the_span_around_it() -> None:
    telemetry = Telemetry()
    with telemetry.tracer_provider.get_tracer("job").start_as_current_span("job"):
        with record("nightly job") as recording:
            pass
        TelemetryReporter(telemetry.meter_provider)(recording.report)
    (span,) = telemetry.exporter.get_finished_spans()
    assert own(span) == dict(zip(OWN, (recording.report.id, True, 0, 0.0, 0.0), strict=True))
    assert recording.report.trace_id == f"{span.get_span_context().trace_id:032x}"  # type: ignore[union-attr]  # a finished span has a context


def test_without_a_span_there_is_no_trace() -> None:
    with record("nightly job") as recording:
        pass
    assert (recording.report.trace_id, recording.report.span_id) == (None, None)
    assert "trace" not in render(recording.report)
