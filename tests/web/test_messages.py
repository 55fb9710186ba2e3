"""The messages of a request reach server and application, whatever fails on their way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping
from contextvars import copy_context
from types import coroutine
from typing import Any, NoReturn

import pytest
from fastapi.responses import StreamingResponse
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard, Report
from query_guard.reporters.request_span import RequestSpan
from query_guard.web.asgi import Message, Receive, Scope, Send
from tests.serving import guarded, only, visit


class Broken:
    """A span that cannot be written."""

    def is_recording(self) -> bool:
        return True

    def set_attributes(self, attributes: Mapping[str, Any], /) -> NoReturn:
        raise LookupError

    def add_event(self, name: str, attributes: Mapping[str, Any], /) -> NoReturn:
        raise LookupError


class BrokenSpans:
    """A reporter that writes on spans."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def request_span(self) -> RequestSpan:
        return RequestSpan(Broken())

    def __call__(self, report: Report) -> None:
        self.reports.append(report)


@pytest.mark.asyncio
async def test_a_span_that_cannot_be_written_keeps_no_answer_and_no_report(caplog: pytest.LogCaptureFixture) -> None:
    reporter = BrokenSpans()
    app, _ = guarded(reporters=[reporter])
    app.get("/")(lambda: "answered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("query_guard.own_errors._logged", set())
        patch.setattr("query_guard.own_errors._times", {})  # a run mentions the failures of the guard
        (response,) = await visit(app, "/")
    assert (response.status_code, response.json(), len(reporter.reports)) == (200, "answered", 1)
    assert "the span of a request could not be written" in caplog.text


@pytest.mark.asyncio
async def test_an_answer_lasts_until_its_last_part() -> None:
    app, reports = guarded()
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    async def parts() -> AsyncIterator[bytes]:
        for number in range(3):
            with engine.connect() as connection:
                connection.execute(text("SELECT :number"), {"number": number})
            yield b"part"

    @app.get("/")
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(parts())

    await visit(app, "/")
    assert [row.phase for row in only(reports).facts.statements] == ["streaming"] * 3
    engine.dispose()


@coroutine
def paused() -> Generator[None]:
    yield


def test_a_request_that_ends_in_another_context_than_it_began_has_its_report() -> None:
    """As where a framework hands the rest of it to another task."""
    reports: list[Report] = []
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await paused()
        await send({"type": "http.response.body"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def keep(message: Message) -> None:
        sent.append(message)

    guard = QueryGuard(app, reporters=[reports.append])
    call = guard({"type": "http", "method": "GET", "path": "/"}, receive, keep)
    copy_context().run(call.send, None)
    with pytest.raises(StopIteration):
        copy_context().run(call.send, None)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert only(reports).request.status == 204
