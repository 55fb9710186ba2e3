"""The page: its files, the addresses that lead to it, and what it may ask the endpoint to do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

import query_guard.debug
from query_guard import QueryGuard, Report
from query_guard.debug.key import Key
from query_guard.debug.signing import cookie_name, signed
from tests.serving import KEY, WITH_KEY

pytestmark = pytest.mark.asyncio

OWN = Key(KEY.encode(), "tests")
COOKIE = f"{cookie_name(OWN)}={signed(OWN, 'cookie', time.time())}"
PAGE = "/__query_guard__/"
LIST = f"{PAGE}api/requests"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", **WITH_KEY}
STATIC = Path(query_guard.debug.__file__).parent / "static"
MOST_BYTES = 60_000


def guarded(**options: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(QueryGuard, **{"debug": True, "debug_token": KEY, **options})
    app.get("/users/{number}")(lambda number: number)
    app.get("/posts")(lambda: None)
    return app


async def ask(app: Any, path: str, headers: dict[str, str] = WITH_KEY, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as client:
        return await client.request(method, path, headers=headers)


async def visited(app: Any, *paths: str) -> list[str]:
    return [(await ask(app, path)).headers["X-Query-Guard-Id"] for path in paths]


async def test_a_browser_gets_the_page_and_all_others_the_list_as_before() -> None:
    app = guarded()
    page = await ask(app, PAGE, BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.content == (STATIC / "index.html").read_bytes()
    for accepted in ("text/plain", "*/*"):
        listed = await ask(app, PAGE, {**WITH_KEY, "accept": accepted})
        assert listed.text == "0 reports; /__query_guard__/api/requests/<id> shows one\n"


@pytest.mark.parametrize("name", sorted(file.name for file in STATIC.iterdir()))
async def test_each_file_is_served_for_its_own_origin_alone_and_runs_nothing_from_elsewhere(name: str) -> None:
    answer = await ask(guarded(), f"{PAGE}static/{name}")
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.status_code == 200
    assert answer.content == (STATIC / name).read_bytes()
    assert answer.headers["content-type"].partition(";")[0] == types[name.rpartition(".")[2]]
    expected = {
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    assert {header: answer.headers.get(header) for header in expected} == expected


async def test_without_the_key_there_are_no_files() -> None:
    assert (await ask(guarded(), f"{PAGE}static/main.js", {})).json() == {"detail": "Not Found"}


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fkey.py", "%2Fetc%2Fpasswd", "", "__init__.py"])
async def test_no_name_leads_out_of_the_folder(name: str) -> None:
    assert (await ask(guarded(), f"{PAGE}static/{name}")).status_code == 404


async def test_all_files_of_the_page_together_are_small() -> None:
    assert sum(file.stat().st_size for file in STATIC.iterdir()) < MOST_BYTES


@pytest.mark.parametrize("word", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http:"])
async def test_no_script_makes_markup_or_loads_from_elsewhere(word: str) -> None:
    assert [file.name for file in STATIC.glob("*.js") if word in file.read_text()] == []


@pytest.mark.parametrize(("prefix", "target"), [("", "/__query_guard__/"), ("/shop", "/shop/__query_guard__/")])
async def test_without_its_last_slash_the_address_leads_to_the_page(prefix: str, target: str) -> None:
    app = Starlette(routes=[Mount(prefix, guarded())]) if prefix else guarded()
    answer = await ask(app, target.rstrip("/"), BROWSER)
    assert (answer.status_code, str(answer.request.url.join(answer.headers["location"]))) == (
        307, f"http://localhost:8000{target}",
    )  # fmt: skip


async def test_the_address_of_a_report_leads_a_browser_to_the_page_at_that_report() -> None:
    app = guarded()
    first, second, third = await visited(app, "/users/1", "/users/2", "/posts")
    for path, report in (
        (f"requests/{first}", first),
        ("requests/latest", third),
        ("requests/latest?route=/users/{number}", second),
        ("requests/latest?route=GET%20/users/{number}", second),
    ):
        answer = await ask(app, f"{PAGE}{path}", BROWSER)
        assert (answer.status_code, str(answer.request.url.join(answer.headers["location"]))) == (
            303, f"http://localhost:8000/__query_guard__/#/requests/{report}",
        )  # fmt: skip


async def test_elsewhere_it_is_the_report_itself() -> None:
    app = guarded()
    [first, _] = await visited(app, "/users/1", "/posts")
    assert (await ask(app, f"{PAGE}requests/{first}")).json()["id"] == first
    text = await ask(app, f"{PAGE}requests/latest?route=/users/{{number}}", {**WITH_KEY, "accept": "text/plain"})
    assert text.text.startswith("GET /users/{number}: 0 queries")
    assert (await ask(app, f"{LIST}/latest?route=/users/{{number}}")).json()["id"] == first


async def test_a_route_without_a_report_is_an_error_in_a_sentence() -> None:
    app = guarded()
    await visited(app, "/users/1")
    for headers in (WITH_KEY, BROWSER):
        answer = await ask(app, f"{PAGE}requests/latest?route=/posts", headers)
        assert (answer.status_code, answer.json()) == (
            404,
            {
                "error": "no report 'latest' of the route '/posts'; /__query_guard__/api/requests lists those that "
                "are kept"
            },
        )


async def test_the_list_can_begin_after_a_report() -> None:
    app = guarded()
    first, second, third = await visited(app, "/users/1", "/users/2", "/posts")
    newer = (await ask(app, f"{LIST}?after={first}")).json()
    assert ([row["id"] for row in newer["requests"]], newer["after"], newer["kept"]) == ([third, second], first, 3)
    whole = (await ask(app, f"{LIST}?after=of-another-process")).json()
    assert ([row["id"] for row in whole["requests"]], whole["after"]) == ([third, second, first], None)
    assert whole["folder"] == str(Path.cwd())


async def test_a_page_of_the_endpoint_can_clear_the_list() -> None:
    app = guarded()
    await visited(app, "/users/1")
    own = {"cookie": COOKIE, "sec-fetch-site": "same-origin", "origin": "http://localhost:8000"}
    answer = await ask(app, LIST, own, "DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await ask(app, LIST)).json()["requests"] == []


@pytest.mark.parametrize(
    "foreign",
    [
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost:3000"},
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {},
    ],
)
async def test_with_the_cookie_no_other_page_clears_the_list(foreign: dict[str, str]) -> None:
    app = guarded()
    await visited(app, "/users/1")
    answer = await ask(app, LIST, {"cookie": COOKIE, **foreign}, "DELETE")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    assert "/users/{number}" in [row["route"] for row in (await ask(app, LIST)).json()["requests"]]


class Shelf:
    """A history that cannot be cleared."""

    def add(self, report: Report) -> None: ...

    def get(self, report_id: str) -> Report | None:
        return None

    def latest(self) -> list[Report]:
        return []


async def test_a_history_that_cannot_be_cleared_says_so() -> None:
    answer = await ask(guarded(history=Shelf()), LIST, WITH_KEY, "DELETE")
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "the history must have a method clear, and 'Shelf' has none; clear it where it is kept"},
    )
