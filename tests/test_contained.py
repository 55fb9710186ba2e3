"""Whatever fails in the guard: the application answers, the block goes on, and the failure is counted by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
from fastapi import Depends
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard, record
from query_guard.own_errors import own_errors
from tests.own_failures import apart
from tests.serving import KEY, WITH_KEY, client_of, guarded

pytestmark = pytest.mark.query_guard(mode="off")


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    yield engine
    engine.dispose()


def fail(*_: object, **__: object) -> NoReturn:
    raise LookupError("of the guard")


@contextmanager
def failing(target: str, failure: str) -> Iterator[None]:
    """Make a function of the guard fail, and check what is counted."""
    with apart(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"query_guard.{target}", fail)
        yield
        assert {*own_errors()} == {failure}


def send(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT 7")).scalar_one())


REPORT = "the report of a request could not be made"
REQUEST = "a request could not be recorded"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target", "failure", "reports"),
    [
        ("middleware.fnmatchcase", REQUEST, 0),
        ("middleware.open_window", REQUEST, 0),
        ("capture.live.open_window.open_window.close", REPORT, 0),
        ("web.exchange.RunningReport.at_end", REPORT, 0),
        ("judge.pipeline.Pipeline.publish", REPORT, 0),
        ("web.exchange.report_headers", "the headers could not be made", 1),
        ("web.routes.shared_dependencies", "the dependencies of a route could not be read", 1),
        ("web.application.allow_package_of", "the application's routes could not be read", 1),
    ],
)
async def test_a_request_is_answered_once(target: str, failure: str, reports: int, engine: Engine) -> None:
    app, published = guarded(exclude=("/health",))
    calls: list[int] = []

    @app.get("/", dependencies=[Depends(lambda: None)])
    def answer() -> int:
        calls.append(send(engine))
        return calls[-1]

    async with client_of(app) as client:
        with failing(target, failure):
            response = await client.get("/")
        assert (response.status_code, response.json(), calls, len(published)) == (200, 7, [7], reports)
        assert ("x-query-count" in response.headers) == (failure not in (REQUEST, "the headers could not be made"))
        again = await client.get("/")
    assert (again.headers["x-query-count"], len(published)) == ("1", reports + 1)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target", "failure", "status"),
    [
        ("web.answer_hash.AnswerHash.note", "the hash of an answer could not be made", 200),
        ("debug.access.Access.judge", "the debug endpoint could not decide on a request", 404),
    ],
)
async def test_where_somebody_develops_it_is_answered_too(target: str, failure: str, status: int) -> None:
    app, _ = guarded(debug=True, debug_token=KEY)
    app.get("/")(lambda: 7)
    async with client_of(app) as client:
        with failing(target, failure):
            response = await client.get("/" if status == 200 else "/__query_guard__/", headers=WITH_KEY)
    assert response.status_code == status


@pytest.mark.asyncio
async def test_a_server_starts() -> None:
    app, _ = guarded(debug=True, debug_token=KEY)
    received = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": next(received)}

    async def keep(message: Any) -> None:
        sent.append(message["type"])

    with failing("debug.access.Access.start", "the key of the debug endpoint could not be read or made"):
        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, keep)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_an_application_is_built() -> None:
    async def app(*_: Any) -> None: ...

    with failing("middleware.install", "the engines of the process could not be watched"):
        QueryGuard(app, reporters=[])


@pytest.mark.parametrize(
    ("target", "failure", "queries"),
    [
        ("recording.blocks.install", "a block could not be recorded", 0),
        ("recording.recording.freeze", "the report of a block could not be made", 0),
        ("capture.live.open_window.open_window.close", "the report of a block could not be made", 1),
    ],
)
def test_a_block_goes_on_and_has_a_report(target: str, failure: str, queries: int, engine: Engine) -> None:
    with failing(target, failure), record("job") as recording:
        assert send(engine) == 7
    assert (recording.report.request.name, recording.report.query_count) == ("job", queries)
    with record() as later:
        send(engine)
    assert later.report.query_count == 1
