"""What the span of a request that is only counted says by the last message of its answer, when others end it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from query_guard import QueryGuard, Report
from query_guard.reporters.request_span import RequestSpan
from query_guard.web.asgi import Message, Receive, Scope, Send
from tests.databases import UNTIMED
from tests.reporters.test_events_of_spans import Kept

pytestmark = [pytest.mark.asyncio, pytest.mark.query_guard(mode="off")]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    yield engine
    engine.dispose()


class Spans:
    """A reporter that writes on a span."""

    def __init__(self) -> None:
        self.span = Kept()

    def request_span(self) -> RequestSpan:
        return RequestSpan(self.span)

    def __call__(self, report: Report) -> None: ...


async def receive() -> Message:
    return {"type": "http.request"}


@pytest.mark.parametrize(
    ("statements", "times_out", "kinds"),
    [(0, False, []), (2, False, []), (2, True, ["pool_timeout"])],
)
async def test_it_has_numbers_and_what_was_found(
    statements: int, times_out: bool, kinds: list[str], engine: Engine
) -> None:
    reporter, at_the_end = Spans(), list[tuple[dict[str, Any], list[str]]]()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        with engine.connect() as connection:
            for number in range(statements):
                connection.execute(text("SELECT :number"), {"number": number})
            if times_out:
                with pytest.raises(PoolTimeout):
                    engine.connect()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def server(message: Message) -> None:
        if message["type"] == "http.response.body":
            span = reporter.span
            at_the_end.append((dict(span.attributes), [event["query_guard.finding.kind"] for event in span.events]))

    guard = QueryGuard(app, reporters=[reporter], detectors=UNTIMED, sample_rate=0)
    await guard({"type": "http", "method": "GET", "path": "/"}, receive, server)
    ((attributes, found),) = at_the_end
    assert (attributes["query_guard.queries"], attributes["query_guard.sampled"], found) == (statements, False, kinds)
    assert "query_guard.wait_time" not in attributes
