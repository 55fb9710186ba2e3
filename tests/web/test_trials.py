"""A fix is tried in the next request of a route, and in no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from query_guard import QueryGuard
from query_guard.history.memory import MemoryHistory
from tests.databases import UNTIMED, Database
from tests.models import Comment, Post, User
from tests.serving import KEY, WITH_KEY, client_of

pytestmark = pytest.mark.asyncio
API = "/__query_guard__/api"
OPTION = "selectinload(User.posts)"


def titles(session: Session, first: int = 0) -> list[list[str]]:
    users = session.scalars(select(User).where(User.id > first)).all()
    return [[post.title for post in user.posts] for user in users]


EDIT = {"file": "tests/web/test_trials.py", "line": titles.__code__.co_firstlineno + 1}


def app_of(database: Database, body: Callable[..., Any] = titles, **options: Any) -> FastAPI:
    """Return an application that answers `GET /users` and `GET /twins` with what the body returns."""
    app = FastAPI()
    app.add_middleware(
        QueryGuard, **{"debug": True, "debug_token": KEY, "reporters": [], "detectors": UNTIMED, **options}
    )

    async def endpoint(first: int = 0) -> Any:
        return await database.run(lambda session: body(session, first))

    for path in ("/users", "/twins", "/users/{first}"):
        app.get(path)(endpoint)
    app.post("/users")(endpoint)
    return app


class Client:
    """A client of an application, and of its debug endpoint."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def visit(self, path: str = "/users", method: str = "GET") -> str:
        await self.client.request(method, path)
        return str((await self.report("latest"))["id"])

    async def report(self, report_id: str) -> dict[str, Any]:
        report: dict[str, Any] = (await self.client.get(f"{API}/requests/{report_id}", headers=WITH_KEY)).json()
        return report

    async def arm(self, report_id: str) -> httpx.Response:
        return await self.client.post(f"{API}/requests/{report_id}/try", headers=WITH_KEY)

    async def trials(self) -> list[dict[str, Any]]:
        trials: list[dict[str, Any]] = (await self.client.get(f"{API}/trials", headers=WITH_KEY)).json()["trials"]
        return trials

    async def tried(self, path: str = "/users", then: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
        """Send a request, try its fixes in a second one, and return both reports."""
        first = await self.visit(path)
        assert (await self.arm(first)).status_code == 202
        second = await self.visit(then or path)
        return await self.report(first), await self.report(second)


async def test_the_next_request_runs_with_the_option_and_both_reports_say_so(database: Database) -> None:
    async with client_of(app_of(database)) as client:
        guard = Client(client)
        first = await guard.visit()
        armed = (await guard.arm(first)).json()
        assert (armed["route"], armed["options"]) == ("GET /users", [{**EDIT, "remedy": OPTION}])
        assert await guard.trials() == [{"of": first, **armed}]
        second, third = await guard.visit(), await guard.visit()
        works = {"before": 6, "after": 2, "outcome": "works"}
        assert [(await guard.report(each))["trial"] for each in (first, second, third)] == [
            None, {"of": first, **works}, None,
        ]  # fmt: skip
        assert [(await guard.report(each))["query_count"] for each in (first, second, third)] == [6, 2, 6]
        (finding,) = (await guard.report(first))["findings"]
        assert (finding["tried"], finding["remedy"]) == (works, OPTION)
        assert await guard.trials() == []
        listed = (await client.get(f"{API}/requests", headers=WITH_KEY)).json()["requests"]
        assert [row["id"] for row in listed] == [third, second, first]


async def test_of_two_hundred_requests_beside_a_trial_none_is_changed(database: Database) -> None:
    async with client_of(app_of(database, history=MemoryHistory(300))) as client:
        guard = Client(client)
        first = await guard.visit()
        assert (await guard.arm(first)).status_code == 202
        limit = asyncio.Semaphore(10)

        async def visit(path: str) -> tuple[str, list[list[str]]]:
            async with limit:
                answer = await client.get(path)
            return answer.headers["X-Query-Guard-Id"], answer.json()

        visits = [visit("/users" if number == 100 else "/twins") for number in range(201)]
        answers = await asyncio.gather(*visits)
        counts = [(await guard.report(report_id))["query_count"] for report_id, _ in answers]
        assert counts == [2 if number == 100 else 6 for number in range(201)]
        assert {str(answer) for _, answer in answers} == {str([[f"post {n}" for n in range(3)]] * 5)}


async def test_of_concurrent_requests_of_the_route_the_first_alone_takes_the_trial(database: Database) -> None:
    async with client_of(app_of(database)) as client:
        guard = Client(client)
        assert (await guard.arm(await guard.visit())).status_code == 202
        answers = await asyncio.gather(*(client.get("/users") for _ in range(5)))
        ids = [answer.headers["X-Query-Guard-Id"] for answer in answers]
        reports = [await guard.report(report_id) for report_id in ids]
        assert sorted(report["query_count"] for report in reports) == [2, 6, 6, 6, 6]
        assert [report["query_count"] for report in reports if report["trial"]] == [2]


@pytest.mark.parametrize(
    ("path", "then", "why"),
    [
        ("/users?first=1", "/users?first=2", "its path or query was another one"),
        ("/users/1", "/users/2", "its path or query was another one"),
    ],
)
async def test_another_path_or_query_proves_nothing(database: Database, path: str, then: str, why: str) -> None:
    async with client_of(app_of(database)) as client:
        first, second = await Client(client).tried(path, then)
    expected = {"before": 5, "after": 2, "outcome": "unknown", "why": why}
    assert (first["findings"][0]["tried"], second["trial"]) == (expected, {"of": first["id"], **expected})
    assert first["findings"][0]["remedy"] == OPTION


async def test_another_answer_proves_nothing(database: Database) -> None:
    times = iter(range(10))
    async with client_of(app_of(database, lambda *given: (titles(*given), next(times)))) as client:
        first, _ = await Client(client).tried()
    assert first["findings"][0]["tried"]["why"] == "its answer was another one, as where it holds a time"


async def test_a_fix_that_fails_is_no_fix_any_more(database: Database) -> None:
    calls = iter(range(10))

    def fails_later(session: Session, first: int) -> Any:
        if next(calls):
            titles(session, first)
            raise LookupError
        return titles(session, first)

    async with client_of(app_of(database, fails_later)) as client:
        guard = Client(client)
        first, second = await guard.tried()
        (finding,) = first["findings"]
        assert second["trial"]["outcome"] == "fails"
        assert finding["tried"]["why"] == "it ended with LookupError, not with 200"
        assert (finding["remedy"], finding["edit"], finding["saved_statements"]) == (None, None, 0)
        assert finding["fix"].startswith(f"{OPTION} on the select at {EDIT['file']}:{EDIT['line']} was tried and is no")
        assert (await guard.arm(first["id"])).status_code == 409


async def test_a_request_without_the_select_ends_the_trial(database: Database) -> None:
    calls = iter(range(10))
    body = lambda session, first: [] if next(calls) else titles(session, first)  # noqa: E731
    async with client_of(app_of(database, body)) as client:
        guard = Client(client)
        first, second = await guard.tried()
        assert second["trial"]["why"] == "the select that it goes to was not executed"
        assert (second["trial"]["after"], await guard.trials()) == (0, [])
        assert first["findings"][0]["remedy"] == OPTION


async def test_what_was_changed_and_is_not_written_yet_ends_it_unknown(database: Database) -> None:
    calls = iter(range(10))

    def changed_later(session: Session, first: int) -> Any:
        session.autoflush = False
        if next(calls):
            session.add(User(name="new"))
        return titles(session, first)

    async with client_of(app_of(database, changed_later)) as client:
        first, _ = await Client(client).tried()
    assert first["findings"][0]["tried"] == {
        "before": 6, "after": 6, "outcome": "unknown",
        "why": "its session holds changes that are not written yet, which it could alter",
    }  # fmt: skip


def written(session: Session, first: int) -> Any:
    answer = titles(session, first)
    session.add(Comment(text="seen", post=session.get(Post, 1)))
    session.flush()
    return answer


def nothing(session: Session, first: int) -> Any:
    return [session.get(User, 1) is None]


@pytest.mark.parametrize(
    ("body", "method", "error"),
    [
        (written, "GET", "expected a request that only reads, and GET /users wrote"),
        (titles, "POST", "expected a GET or HEAD request of a route, got 'POST /users'"),
        (nothing, "GET", "expected a finding whose whole fix is a loader option, and there is none"),
    ],
)
async def test_what_cannot_be_tried_is_said(
    database: Database, body: Callable[..., Any], method: str, error: str
) -> None:
    async with client_of(app_of(database, body)) as client:
        guard = Client(client)
        answer = await guard.arm(await guard.visit(method=method))
        assert answer.status_code == 409
        assert answer.json()["error"].startswith(error)
        assert await guard.trials() == []


async def test_a_trial_itself_is_not_tried(database: Database) -> None:
    async with client_of(app_of(database)) as client:
        guard = Client(client)
        first, second = await guard.tried()
        answer = await guard.arm(second["id"])
    assert (answer.status_code, answer.json()) == (
        409, {"error": f"expected a report of the code as it is, and this one is itself a trial of '{first['id']}'"},
    )  # fmt: skip


async def test_without_the_key_nothing_is_armed(database: Database) -> None:
    async with client_of(app_of(database)) as client:
        guard = Client(client)
        first = await guard.visit()
        assert (await client.post(f"{API}/requests/{first}/try")).status_code == 404
        assert (await client.get(f"{API}/requests/{first}/try", headers=WITH_KEY)).status_code in (404, 405)
        assert (await guard.arm("unknown")).status_code == 404
        assert await guard.trials() == []


async def test_a_report_that_was_cleared_does_not_come_back(database: Database) -> None:
    history = MemoryHistory()
    async with client_of(app_of(database, history=history)) as client:
        guard = Client(client)
        assert (await guard.arm(await guard.visit())).status_code == 202
        history.clear()
        second = await guard.visit()
        assert [report.id for report in history.latest()] == [second]


async def test_a_compressed_answer_is_not_compared(database: Database) -> None:
    app = app_of(database)
    times = iter(range(10))

    @app.get("/coded")
    async def coded() -> Response:
        await database.run(titles)
        return Response(str(next(times)), headers={"Content-Encoding": "identity"})

    async with client_of(app) as client:
        _, second = await Client(client).tried("/coded")
    assert second["trial"]["outcome"] == "works"
