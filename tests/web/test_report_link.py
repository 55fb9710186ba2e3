"""The header that leads from a response to its report."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from query_guard import QueryGuard
from query_guard.web.report_link import report_link
from tests.serving import KEY, WITH_KEY

LINK = "X-Query-Guard-Link"


def guarded(**options: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(QueryGuard, **{"debug": True, "debug_token": KEY, **options})
    app.get("/users")(lambda: None)
    return app


async def get(app: Any, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://shop.test:8443") as client:
        return await client.get(path, headers=headers)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("prefix", "debug_path"), [("", "/__query_guard__"), ("/shop", "/__query_guard__"), ("", "/my reports")]
)
async def test_a_response_leads_to_its_report(prefix: str, debug_path: str) -> None:
    own = guarded(debug_path=debug_path)
    app = Starlette(routes=[Mount(prefix, own)]) if prefix else own
    answer = await get(app, f"{prefix}/users")
    link = answer.headers[LINK]
    identity = answer.headers["X-Query-Guard-Id"]
    assert link == f"https://shop.test:8443{prefix}{debug_path.replace(' ', '%20')}/requests/{identity}"
    assert (await get(app, link, **WITH_KEY)).json()["id"] == identity


@pytest.mark.asyncio
@pytest.mark.parametrize("options", [{"debug": False}, {"headers": False}])
async def test_there_is_no_link_without_debug_or_without_headers(options: dict[str, Any]) -> None:
    assert LINK not in (await get(guarded(**options), "/users")).headers


@pytest.mark.parametrize("hosts", [[], [b"a/b"], [b"a b"], [b"a", b"b"], [b'"><script>'], [b""]])
def test_where_the_host_is_no_name_the_link_is_a_path(hosts: list[bytes]) -> None:
    scope = {"headers": [(b"Host", host) for host in hosts], "scheme": "http"}
    assert report_link(scope, "/a\r\nb", "/debug", "id") == b"/a%0D%0Ab/debug/requests/id"
