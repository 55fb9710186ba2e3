"""What a refused request gets: the application's own answer, as for any path that it does not know."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from query_guard import QueryGuard, Report
from query_guard.debug.key import Key
from query_guard.debug.signing import cookie_name, signed
from tests.serving import KEY, WITH_KEY

pytestmark = pytest.mark.asyncio

OWN = Key(KEY.encode(), "tests")
ENDPOINT = "/__query_guard__/api/requests"


def guarded(**options: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(QueryGuard, **{"debug": True, "debug_token": KEY, **options})

    @app.exception_handler(404)
    async def unknown(request: Request, _error: Exception) -> PlainTextResponse:
        return PlainTextResponse(f"{request.method}: no such page\n", 404)

    return app


async def ask(app: Any, method: str, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as client:
        return await client.request(method, path, headers={name.replace("_", "-"): headers[name] for name in headers})


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", ["/__query_guard__", "/__query_guard__/", ENDPOINT, "/__query_guard__/?ticket=1.0"])
async def test_a_refused_request_is_answered_as_any_unknown_path(method: str, path: str) -> None:
    app = guarded()
    refused, unknown = [await ask(app, method, one) for one in (path, "/unknown")]
    varying = ("x-query-guard-id", "x-query-guard-link")
    answers = [
        (answer.status_code, answer.content, [pair for pair in answer.headers.items() if pair[0] not in varying])
        for answer in (refused, unknown)
    ]
    assert answers[0] == answers[1]
    assert refused.status_code == 404


async def test_a_refused_request_is_a_request_of_the_application_like_any_other() -> None:
    reports: list[Report] = []
    app = guarded(reporters=[reports.append])
    refused = await ask(app, "GET", ENDPOINT)
    await ask(app, "GET", ENDPOINT, **WITH_KEY)
    assert [(report.id, report.request.status) for report in reports] == [(refused.headers["x-query-guard-id"], 404)]


async def test_where_the_application_answers_every_path_strangers_get_its_answer() -> None:
    app = guarded()
    app.get("/{path:path}")(lambda path: f"page {path}")
    assert (await ask(app, "GET", ENDPOINT)).json() == f"page {ENDPOINT[1:]}"
    assert (await ask(app, "GET", ENDPOINT, **WITH_KEY)).json()["requests"][0]["path"] == "/{path:path}"


async def test_no_page_reads_reports_through_the_applications_own_cors_middleware() -> None:
    app = guarded()
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    cookie = f"{cookie_name(OWN)}={signed(OWN, 'cookie', time.time())}"
    foreign = await ask(app, "GET", ENDPOINT, cookie=cookie, origin="https://example.org", sec_fetch_site="cross-site")
    own = await ask(app, "GET", ENDPOINT, cookie=cookie, sec_fetch_site="same-origin")
    assert (foreign.status_code, foreign.text) == (404, "GET: no such page\n")
    assert foreign.headers["access-control-allow-origin"] == "https://example.org"
    assert own.status_code == 200


@pytest.mark.parametrize(("path", "target"), [("/", ""), ("", "__query_guard__"), ("/api/requests", "requests")])
async def test_a_ticket_becomes_a_cookie_on_a_page_that_moves_on(path: str, target: str) -> None:
    ticket = signed(OWN, "ticket", time.time())
    page = await ask(guarded(), "GET", f"/__query_guard__{path}?ticket={ticket}")
    assert page.status_code == 200
    assert page.text == (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="0; url=./{target}">\n<title>query_guard</title>\n'
        f'<p>Go on to <a href="./{target}">the reports</a>.</p>\n'
    )
    name, _, rest = page.headers["set-cookie"].partition("=")
    value, _, attributes = rest.partition("; ")
    assert name == cookie_name(OWN)
    assert attributes == "HttpOnly; SameSite=Strict; Path=/__query_guard__"
    assert KEY not in value
    expected = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    assert {header: page.headers.get(header) for header in expected} == expected


@pytest.mark.parametrize(
    ("scheme", "debug_path", "attributes"),
    [
        ("https", "/__query_guard__", "Path=/__query_guard__; Secure"),
        ("http", "/a b;c/é", "Path=/a%20b%3Bc/%C3%A9"),
    ],
)
async def test_the_cookie_is_for_the_endpoint_and_its_scheme(scheme: str, debug_path: str, attributes: str) -> None:
    transport = httpx.ASGITransport(guarded(debug_path=debug_path))
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://localhost") as client:
        page = await client.get(f"{debug_path}/", params={"ticket": signed(OWN, "ticket", time.time())})
    assert page.headers["set-cookie"].partition("; ")[2] == f"HttpOnly; SameSite=Strict; {attributes}"


async def test_below_a_mount_the_cookie_is_for_the_path_that_the_browser_knows() -> None:
    app = Starlette(routes=[Mount("/shop", guarded())])
    page = await ask(app, "GET", f"/shop/__query_guard__/?ticket={signed(OWN, 'ticket', time.time())}")
    cookie = page.headers["set-cookie"]
    assert cookie.endswith("; Path=/shop/__query_guard__")
    path = "/shop/__query_guard__/"
    seen = await ask(app, "GET", path, cookie=cookie.partition(";")[0], sec_fetch_site="same-origin")
    assert seen.text == "0 reports; /__query_guard__/api/requests/<id> shows one\n"


async def test_nothing_is_let_in_when_the_decision_itself_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("query_guard.debug.access.Access.judge", broken)
    assert (await ask(guarded(), "GET", ENDPOINT, **WITH_KEY)).status_code == 404
    assert "the debug endpoint could not decide on a request" in caplog.text
