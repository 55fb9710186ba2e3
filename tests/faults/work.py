"""What is done while the guard fails, each piece by its name: requests, jobs, tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.faults.application import app, engines, in_production
from tests.faults.database import Author

Answer = list[dict[str, Any]]
Work = Callable[["Blocks", Answer], Awaitable[object]]
"""Does a piece of work with the blocks it is given, and leaves the messages of the answer in a list."""


async def _nothing(_path: str) -> None:
    pass


class Blocks:
    """The blocks that scripts and tests put around their work; without a guard, they are none."""

    arm: Callable[[str], Awaitable[None]] = staticmethod(_nothing)
    record: Callable[..., AbstractContextManager[Any]] = staticmethod(lambda *_: nullcontext())
    allow = record_queries = assert_max_queries = assert_no_findings = allow_in_process = staticmethod(
        lambda *_, **__: nullcontext()
    )


async def request(path: str, blocks: Blocks, answer: Answer, *, of: FastAPI = app) -> None:
    arrived = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        message = next(arrived, None)
        return message if message is not None else await asyncio.sleep(3600)

    await of(_scope("http", path, method="GET"), receive, _into(answer))


async def debug_request(path: str, key: str) -> None:
    """Send a POST to the debug endpoint, which needs the key."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    scope = _scope("http", f"/__query_guard__{path}", method="POST")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app({**scope, "headers": headers}, receive, _into([]))


async def tried_request(path: str, blocks: Blocks, answer: Answer) -> None:
    await request(path, blocks, [])
    await blocks.arm(path)
    await request(path, blocks, answer)


async def cancelled_request(path: str, blocks: Blocks, answer: Answer) -> None:
    task = asyncio.create_task(request(path, blocks, answer))
    await asyncio.wait((task, asyncio.create_task(engines.is_waiting.wait())), return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    await task


async def conversation(path: str, blocks: Blocks, answer: Answer) -> None:
    arrived = iter(
        [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": number} for number in ("1", "2"))]
    )

    async def receive() -> Any:
        return next(arrived)

    await app(_scope("websocket", path), receive, _into(answer))


def _scope(kind: str, path: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind, "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), **more,
    }  # fmt: skip


def _into(answer: Answer) -> Callable[[Any], Awaitable[None]]:
    async def send(message: Any) -> None:
        answer.append(message)

    return send


def _send() -> None:
    with Session(engines.plain) as session:
        for author in session.scalars(select(Author)):
            len(author.books)
        session.add(Author(name="of a block"))
        session.commit()


async def job(blocks: Blocks, answer: Answer) -> None:
    with blocks.record("a job"), blocks.allow("Author.books"):
        _send()


async def failing_job(blocks: Blocks, answer: Answer) -> None:
    with blocks.record("a job"):
        _send()
        raise LookupError("of the job")


async def test_that_passes(blocks: Blocks, answer: Answer) -> None:
    with blocks.allow_in_process(["n_plus_one"]), blocks.record_queries(reads=True), blocks.assert_max_queries(20):
        _send()
        await request("/savepoints", blocks, answer)


async def test_that_fails(blocks: Blocks, answer: Answer) -> None:
    with blocks.assert_no_findings(reads=True):
        _send()
        raise LookupError("of the test")


WORK: dict[str, Work] = {
    **{path: partial(request, path) for path in ("/savepoints", "/gathers", "/breaks")},
    "a job that fails": failing_job,
    "/talks": partial(conversation, "/talks"),
    "/reads, tried": partial(tried_request, "/reads"),
    "/waits, cancelled": partial(cancelled_request, "/waits"),
    "a test that passes": test_that_passes,
    "a test that fails": test_that_fails,
    "a job": job,
    **{f"{path}, not sampled": partial(request, path, of=in_production) for path in ("/gathers", "/many", "/raises")},
    **{
        path: partial(request, path)
        for path in (
            "/runs-out", "/listens", "/in-two-phases", "/blocks", "/raises", "/works-later", "/streams", "/many",
            "/loops", "/conflicts", "/refuses", "/forgets",
        )
    },
}  # fmt: skip
TRIED = frozenset(("/reads, tried",))
"""Work in which a fix is tried: its statements are those with the fix."""
TESTS = frozenset(("a test that passes", "a test that fails"))
"""Work that the guard may fail, where it has failed itself: so a test is told."""
