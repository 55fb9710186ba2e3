"""The template of the route that answered, and the routes that an application has."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from query_guard import QueryGuard, Report
from query_guard.web.routes import all_routes
from tests.serving import guarded, visit


def nothing(**_: Any) -> None: ...


async def templates(app: FastAPI, reports: list[Any], *paths: str) -> list[str | None]:
    """Ask for each path twice, as the second request finds its route known."""
    for path in paths * 2:
        await visit(app, path)
    found = [report.request.route for report in reports]
    assert found[: len(paths)] == found[len(paths) :]
    return found[: len(paths)]


@pytest.mark.asyncio
async def test_a_router_that_is_included_twice_has_the_prefix_that_was_asked_for() -> None:
    app, reports = guarded()
    router = APIRouter(prefix="/items")
    router.get("/{item}")(lambda item: item)
    router.get("/{item}/files/{rest:path}")(lambda item, rest: item)
    for prefix in ("/v1", "/v2", "/of/{tenant}"):
        app.include_router(router, prefix=prefix)
    paths = ("/v2/items/7", "/v1/items/7", "/of/north/items/7", "/v2/items/7/files/a/b.txt", "/of/v1/items/7/files/a")
    assert await templates(app, reports, *paths) == [
        "/v2/items/{item}",
        "/v1/items/{item}",
        "/of/{tenant}/items/{item}",
        "/v2/items/{item}/files/{rest:path}",
        "/of/{tenant}/items/{item}/files/{rest:path}",
    ]


@pytest.mark.asyncio
async def test_a_router_that_is_included_twice_in_a_mounted_application_has_its_mount_too() -> None:
    app, reports = guarded()
    mounted, router = FastAPI(), APIRouter()
    router.get("/items/{item}")(lambda item: item)
    for prefix in ("/v1", "/v2"):
        mounted.include_router(router, prefix=prefix)
    app.mount("/shops/{shop}", mounted)
    assert await templates(app, reports, "/shops/north/v2/items/7", "/shops/south/v1/items/7") == [
        "/shops/{shop}/v2/items/{item}",
        "/shops/{shop}/v1/items/{item}",
    ]


@pytest.mark.asyncio
async def test_a_route_with_one_template_is_read_at_its_first_request_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def read_route(route: Any) -> tuple[()]:
        read.append(getattr(route, "path", "none"))
        return ()

    monkeypatch.setattr("query_guard.web.routes.shared_dependencies", read_route)
    app, reports = guarded()
    for path in ("/users", "/posts/{post}"):
        app.get(path)(lambda: None)
    for path in ("/users", "/users", "/posts/1", "/posts/2", "/users"):
        await visit(app, path)
    assert read == ["/users", "/posts/{post}"]
    assert [report.request.route for report in reports] == [
        "/users", "/users", "/posts/{post}", "/posts/{post}", "/users",
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_one_application_at_two_mounts_has_the_one_that_was_asked_for() -> None:
    app, reports = guarded()
    mounted = FastAPI()
    mounted.get("/items/{item}")(lambda item: item)
    for path in ("/shops/{shop}", "/archive", ""):
        app.mount(path, mounted)
    assert await templates(app, reports, "/archive/items/7", "/shops/north/items/7", "/items/7") == [
        "/archive/items/{item}",
        "/shops/{shop}/items/{item}",
        "/items/{item}",
    ]


@pytest.mark.asyncio
async def test_a_mount_within_a_mount_and_one_that_answers_by_itself() -> None:
    app, reports = guarded()
    innermost = FastAPI()
    innermost.get("/things/{thing}")(lambda thing: thing)
    inner = Starlette(routes=[Mount("/rooms/{room}", innermost), Mount("/files", PlainTextResponse("x"))])
    app.post("/{path:path}")(lambda path: path)  # matches the path, and not the method
    app.mount("/houses/{house}", inner)
    assert await templates(
        app, reports, "/houses/7/rooms/8/things/9", "/houses/7/files/secret.txt", "/houses/7/nothing"
    ) == ["/houses/{house}/rooms/{room}/things/{thing}", "/houses/{house}/files", None]


@pytest.mark.asyncio
@pytest.mark.parametrize("root_path", ["", "/proxy"])
async def test_the_path_at_which_a_proxy_serves_it_is_no_part_of_a_template(root_path: str) -> None:
    app, reports = guarded()
    app.get("/items/{item}")(lambda item: item)
    mounted = FastAPI()
    mounted.get("/items/{item}")(lambda item: item)
    app.mount("/shops", mounted)
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for path in ("/items/7", "/shops/items/7") * 2:
            assert (await client.get(root_path + path)).status_code == 200
    assert [report.request.route for report in reports] == ["/items/{item}", "/shops/items/{item}"] * 2


@pytest.mark.asyncio
async def test_a_router_without_an_application_has_templates_too() -> None:
    router, reports = APIRouter(), list[Report]()
    router.get("/items/{item}")(lambda item: item)
    transport = httpx.ASGITransport(QueryGuard(router, reporters=[reports.append]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for _ in range(2):
            await client.get("/items/7")
    assert [report.request.route for report in reports] == ["/items/{item}"] * 2


def test_all_routes_of_an_application_have_their_methods_prefixes_and_mounts() -> None:
    app, mounted, router = FastAPI(openapi_url=None), FastAPI(openapi_url=None), APIRouter(prefix="/items")

    async def talk(socket: WebSocket) -> None: ...

    router.api_route("/{item}", methods=["GET", "DELETE"])(nothing)
    app.include_router(router, prefix="/v1")
    app.websocket("/talk")(talk)
    mounted.post("/orders")(nothing)
    app.mount("/shop", mounted)
    app.mount("/files", PlainTextResponse("x"))
    assert dict(all_routes(app)) == {
        "GET /v1/items/{item}": nothing,
        "DELETE /v1/items/{item}": nothing,
        "WEBSOCKET /talk": talk,
        "POST /shop/orders": nothing,
    }
    assert [*all_routes(None)] == []
