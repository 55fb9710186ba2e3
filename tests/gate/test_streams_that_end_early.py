"""What was not committed as a client went away, or an exception left, was not lost by mistake: row P9 of the gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import insert

from query_guard import Report
from tests.databases import ASYNC_DRIVERS, Database
from tests.models import Tag
from tests.serving import findings, function_of, guarded, only, visit

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)]


async def writing(database: Database, chunks: int, ending: Callable[[], Any] = lambda: None) -> AsyncIterator[str]:
    """Write a row for each chunk, in one transaction that nobody commits."""
    async with database.async_session() as session:
        for number in range(chunks):
            await session.execute(insert(Tag).values(id=1_000 + number, name="of a stream"))
            yield "chunk"
            await asyncio.sleep(0)
        ending()


async def leave_early(app: FastAPI) -> None:
    """Read three chunks of the answer, and go away, as a server tells it: the body is cancelled."""
    gone = asyncio.Event()
    chunks = 0

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal chunks
        chunks += message["type"] == "http.response.body"
        if chunks == 3:
            gone.set()

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "headers": [],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    await others_ended()


async def others_ended() -> None:
    """Wait for the task in which a cancelled AsyncSession closes, so that its connection is not left open."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


async def read_all(app: FastAPI) -> None:
    with suppress(LookupError):
        await visit(app, "/", method="POST")


async def reported(endpoint: Callable[[], Awaitable[Any]], read: Callable[[FastAPI], Awaitable[None]]) -> Report:
    app, reports = guarded()
    app.post("/", response_model=None)(endpoint)
    await read(app)
    return only(reports)


def refuse() -> None:
    raise LookupError("in the middle of a stream")


async def test_p9_a_client_that_goes_away(database: Database) -> None:
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(writing(database, 100_000))

    report = await reported(endpoint, leave_early)
    (transaction,) = report.facts.transactions
    assert transaction.writes > 0
    assert transaction.outcome in ("rolled back", "open")  # it may end after the request does
    assert findings(report, "lost_write") == []


async def test_p9_an_exception_that_ends_a_stream(database: Database) -> None:
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(writing(database, 3, refuse))

    report = await reported(endpoint, read_all)
    assert [one.outcome for one in report.facts.transactions] == ["rolled back"]
    assert findings(report, "lost_write") == []


async def test_p9_an_exception_that_leaves_a_generator_and_is_caught(database: Database) -> None:
    async def endpoint() -> int:
        with suppress(LookupError):
            return len([chunk async for chunk in writing(database, 3, refuse)])
        return 0

    report = await reported(endpoint, read_all)
    assert [(one.outcome, one.writes) for one in report.facts.transactions] == [("rolled back", 3)]
    assert findings(report, "lost_write") == []


async def test_p9_a_stream_that_comes_to_its_end_without_a_commit(database: Database) -> None:
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(writing(database, 3))

    (finding,) = findings(await reported(endpoint, read_all), "lost_write")
    assert (function_of(finding), finding.count) == ("writing", 3)
