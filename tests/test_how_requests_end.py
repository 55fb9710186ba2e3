"""What a report says of how a request ended: the status that was sent, and what came after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from query_guard import Report
from query_guard.document.report import document
from query_guard.reporters.text import render
from tests.serving import guarded

pytestmark = pytest.mark.asyncio


def scope(path: str, kind: str = "http") -> dict[str, Any]:
    return {
        "type": kind, "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip


async def never() -> Any:
    await asyncio.sleep(3600)


def ended(report: Report) -> tuple[int | None, str | None, bool]:
    said = document(report)
    return said["status"], said["exception"], said["cancelled"]


def served(path: str, endpoint: Callable[..., Any]) -> tuple[FastAPI, list[Report]]:
    app, reports = guarded()
    app.get(path)(endpoint)
    return app, reports


async def accepted(_: Any) -> None:
    """Send as a server does whose client reads on."""


def fails() -> None:
    raise LookupError("of the application")


async def test_an_answer_that_was_sent_whole_has_neither_exception_nor_cancellation() -> None:
    app, reports = served("/", lambda: 1)
    await app(scope("/"), never, accepted)
    assert [*map(ended, reports)] == [(200, None, False)]


async def test_an_exception_in_the_background_leaves_the_status_that_the_client_has() -> None:
    async def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(fails)

    app, reports = served("/", endpoint)
    with pytest.raises(LookupError):
        await app(scope("/"), never, accepted)
    assert [*map(ended, reports)] == [(200, "LookupError", False)]
    assert "  status 200; LookupError escaped; " in render(reports[0])


async def test_an_exception_before_an_answer_is_a_500() -> None:
    app, reports = served("/", fails)
    with pytest.raises(LookupError):
        await app(scope("/"), never, accepted)
    assert [*map(ended, reports)] == [(500, "LookupError", False)]


async def parts() -> AsyncIterator[str]:
    for number in range(50):
        yield str(number)


async def test_a_client_that_goes_away_in_a_stream_leaves_the_status_it_was_sent() -> None:
    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("gone")

    async def endpoint() -> StreamingResponse:
        return StreamingResponse(parts())

    app, reports = served("/", endpoint)
    with pytest.raises((ClientDisconnect, OSError, ExceptionGroup)) as left:
        await app(scope("/"), never, send)
    says_so = left.type is ClientDisconnect  # old releases pass the server's own error on
    assert [*map(ended, reports)] == [(200, None if says_so else left.type.__name__, says_so)]
    assert ("  status 200; the client went away; " in render(reports[0])) is says_so


async def test_a_stream_that_ends_early_and_silently_was_cancelled() -> None:
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(parts())

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    app, reports = served("/", endpoint)
    old = scope("/")
    old["asgi"]["spec_version"] = "2.3"

    async def send(_: Any) -> None:
        await asyncio.sleep(0)

    await app(old, receive, send)
    assert [*map(ended, reports)] == [(200, None, True)]


async def test_a_cancelled_request_has_no_status_where_none_was_sent() -> None:
    waits = asyncio.Event()

    async def endpoint() -> None:
        waits.set()
        await asyncio.sleep(3600)

    app, reports = served("/", endpoint)
    call: Awaitable[None] = app(scope("/"), never, accepted)
    task = asyncio.ensure_future(call)
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [*map(ended, reports)] == [(None, None, True)]


async def test_a_file_that_the_server_sends_by_itself_is_whole() -> None:
    app, reports = guarded()

    async def sends_a_path(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": __file__})

    app.mount("/", sends_a_path)
    await app(scope("/"), never, accepted)
    assert [*map(ended, reports)] == [(200, None, False)]


async def test_an_application_that_sends_nothing_has_no_status_and_was_not_cancelled() -> None:
    app, reports = guarded()

    async def sends_nothing(scope: Any, receive: Any, send: Any) -> None: ...

    app.mount("/", sends_nothing)
    await app(scope("/"), never, accepted)
    assert [*map(ended, reports)] == [(None, None, False)]


async def test_a_client_that_leaves_a_conversation_is_no_exception_of_the_application() -> None:
    app, reports = guarded()

    @app.websocket("/")
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()

    messages = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}])

    async def receive() -> Any:
        return next(messages)

    with pytest.raises(WebSocketDisconnect):
        await app(scope("/", "websocket"), receive, accepted)
    assert [*map(ended, reports)] == [(None, None, True)]
