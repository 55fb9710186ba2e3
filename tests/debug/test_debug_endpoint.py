"""The debug endpoint: what it shows to those who have the key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import Allowance, QueryGuard
from tests.serving import KEY, WITH_KEY

pytestmark = pytest.mark.asyncio

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def guarded(**options: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(QueryGuard, **{"debug": True, "debug_token": KEY, **options})

    @app.get("/users/{number}")
    def endpoint(number: int) -> None:
        with engine.connect() as connection:
            for n in range(number):
                connection.execute(text("SELECT :secret"), {"secret": f"secret {n}"})

    return app


async def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as client:
        return await client.get(path, headers={**WITH_KEY, **headers})


async def test_requests_are_listed_newest_first() -> None:
    app = guarded()
    for number in (1, 2):
        await get(app, f"/users/{number}")
    listed = (await get(app, "/__query_guard__/api/requests")).json()["requests"]
    assert [(row["method"], row["route"], row["path"], row["status"], row["query_count"]) for row in listed] == [
        ("GET", "/users/{number}", "/users/{number}", 200, 2),
        ("GET", "/users/{number}", "/users/{number}", 200, 1),
    ]
    assert {"id", "duration_ms", "findings"} <= set(listed[0])


async def test_a_report_has_the_keys_of_the_contract() -> None:
    app = guarded()
    identity = (await get(app, "/users/3")).headers["X-Query-Guard-Id"]
    report = (await get(app, f"/__query_guard__/api/requests/{identity}")).json()
    keys = (
        "id kind method route path status started_at duration_ms query_count query_time_ms late_count dropped "
        "statements findings checkouts transactions pools"
    )
    assert set(keys.split()) <= set(report)
    finding_keys = (
        "kind severity summary fix file line function callers count relationship saving_ms phase statement_ids "
        "remedy remedy_suffices edit tried places effects saved_statements"
    )
    assert set(report["findings"][0]) == {*finding_keys.split(), "details", "remedy", "edit"}
    statement_keys = (
        "id fingerprint sql operation start_ms duration_ms file line function phase engine connection transaction "
        "relationship rows failed"
    )
    assert set(report["statements"][0]) == {*statement_keys.split(), "loop_ms", "loaded_by", "duplicate_of"}
    assert report["findings"][0]["statement_ids"] == [1, 2, 3]
    assert "secret 1" not in str(report)


async def test_values_are_shown_only_with_capture_parameters() -> None:
    app = guarded(capture_parameters=True)
    await get(app, "/users/1")
    report = (await get(app, "/__query_guard__/api/requests/latest")).json()
    assert report["statements"][0]["parameters"] == ["'secret 0'"]
    text = (await get(app, "/__query_guard__/api/requests/latest", accept="text/plain")).text
    assert "secret" not in text


async def test_latest_is_the_newest() -> None:
    app = guarded()
    await get(app, "/users/1")
    identity = (await get(app, "/users/2")).headers["X-Query-Guard-Id"]
    assert (await get(app, "/__query_guard__/api/requests/latest")).json()["id"] == identity


async def test_curl_gets_the_readable_report() -> None:
    app = guarded()
    await get(app, "/users/3")
    response = await get(app, "/__query_guard__/api/requests/latest", accept="text/plain")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text.startswith("GET /users/{number}: 3 queries, all of them from ")


async def test_routes_statements_and_pools_are_summed_up() -> None:
    app = guarded()
    for number in (1, 3):
        await get(app, f"/users/{number}")
    (route,) = (await get(app, "/__query_guard__/api/routes")).json()["routes"]
    assert (route["route"], route["requests"], route["query_count_max"]) == ("/users/{number}", 2, 3)
    (statement,) = (await get(app, "/__query_guard__/api/statements")).json()["statements"]
    assert (statement["count"], statement["routes"]) == (4, ["GET /users/{number}"])
    pools = (await get(app, "/__query_guard__/api/pools")).json()["pools"]
    assert "StaticPool" in [pool["kind"] for pool in pools]


async def test_allowances_say_how_much_they_allowed() -> None:
    app = guarded(allow=("n_plus_one", "Post.author"))
    for _ in range(2):
        response = await get(app, "/users/3")
        assert "X-Query-Findings" not in response.headers
    allowances = (await get(app, "/__query_guard__/api/allowances")).json()["allowances"]
    assert [(row["allow"], row["findings"]) for row in allowances] == [("n_plus_one", 2), ("Post.author", 0)]


async def test_allowances_say_until_when_and_why() -> None:
    last = Allowance("n_plus_one", reason="three rows at most", until="2999-01-31")
    allowances = (await get(guarded(allow=(last, "Post.author")), "/__query_guard__/api/allowances")).json()
    assert allowances["allowances"] == [
        {"allow": "n_plus_one", "reason": "three rows at most", "until": "2999-01-31", "findings": 0},
        {"allow": "Post.author", "reason": "", "until": None, "findings": 0},
    ]


async def test_the_list_says_how_many_requests_were_sampled() -> None:
    for rate, last in ((1.0, "2 reports; "), (0.0, "2 reports, 0 of them sampled; ")):
        app = guarded(sample_rate=rate)
        for _ in range(2):
            await get(app, "/users/1")
        listed = await get(app, "/__query_guard__/api/requests", accept="text/plain")
        assert listed.text.splitlines()[-1].startswith(last)


async def test_the_page_of_a_kind_is_served() -> None:
    page = await get(guarded(), "/__query_guard__/kinds/n_plus_one")
    assert page.text.startswith("# n_plus_one\n")
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    unknown = await get(guarded(), "/__query_guard__/kinds/mine")
    assert (unknown.status_code, unknown.json()) == (
        404,
        {"error": "no page about a kind 'mine'; 'query-guard explain' lists those that have one"},
    )


async def test_an_unknown_report_is_a_json_error() -> None:
    response = await get(guarded(), "/__query_guard__/api/requests/nope")
    assert response.status_code == 404
    assert response.json() == {"error": "no report 'nope'; /__query_guard__/api/requests lists those that are kept"}


@pytest.mark.parametrize("path", ["/api/nothing", "/api/requests/"])
async def test_an_unknown_path_is_a_json_error_and_never_leaves_the_endpoint(path: str) -> None:
    response = await get(guarded(), f"/__query_guard__{path}")
    assert response.status_code == 404
    assert response.json() == {"error": "no such path; /__query_guard__/api/requests lists the requests that are kept"}


async def test_its_own_requests_are_not_recorded() -> None:
    app = guarded()
    response = await get(app, "/__query_guard__/api/requests")
    assert "X-Query-Count" not in response.headers
    listed = response.json()
    assert (listed["requests"], listed["sampled"]) == ([], 0)


async def test_it_is_off_by_default() -> None:
    assert (await get(guarded(debug=False), "/__query_guard__/api/requests")).status_code == 404


async def test_the_environment_can_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG", "1")
    assert (await get(guarded(debug=False), "/__query_guard__/api/requests")).status_code == 200


async def test_the_path_can_be_chosen() -> None:
    app = guarded(debug_path="/internal/queries/")
    assert (await get(app, "/internal/queries/api/requests")).status_code == 200
    assert (await get(app, "/internal/queriesx")).status_code == 404


async def test_history_is_bounded() -> None:
    app = guarded()
    for _ in range(205):
        await get(app, "/users/0")
    assert len((await get(app, "/__query_guard__/api/requests")).json()["requests"]) == 200
