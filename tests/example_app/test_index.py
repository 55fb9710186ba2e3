"""GET /anti-patterns says what to look for, and where it was last seen."""

from __future__ import annotations

import sys

import httpx
import pytest
from fastapi import FastAPI

from example_app.core.settings import Settings
from example_app.main import create_app
from example_app.routers.anti_patterns.pairs import PAIRS
from query_guard import defaults
from query_guard.web.routes import all_routes
from tests.example_app.factory import Factory
from tests.serving import WITH_KEY

pytestmark = pytest.mark.asyncio


async def test_each_anti_pattern_is_listed_with_its_twin_and_its_latest_report(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    await factory.post(await factory.user())
    answers = [await client.get("/anti-patterns/users") for _ in range(2)]
    listed = (await client.get("/anti-patterns")).json()
    assert len(listed) == len(PAIRS)
    assert listed[0] == {
        "title": "One query for each user's posts",
        "method": "GET",
        "path": "/anti-patterns/users",
        "look_for": "n_plus_one",
        "twin": "GET /users",
        "report": f"/__query_guard__/api/requests/{answers[1].headers['X-Query-Guard-Id']}",
    }
    report = await client.get(listed[0]["report"], headers=WITH_KEY)
    assert report.json()["path"] == "/anti-patterns/users"
    assert {one["report"] for one in listed[1:]} == {None}


async def test_without_debug_there_is_no_report_to_link_to(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"debug": False}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert {one["report"] for one in (await client.get("/anti-patterns")).json()} == {None}
        assert (await client.get("/__query_guard__/api/requests")).status_code == 404


async def test_no_anti_pattern_is_left_out(app: FastAPI) -> None:
    paths = {(name.partition(" ")[0], name.partition(" ")[2]) for name, _ in all_routes(app)}
    bad = {(method, path) for method, path in paths if path.startswith("/anti-patterns/")}
    visited = {(pair.bad.method, template_of(pair.bad.path)) for pair in PAIRS}
    assert bad - visited == {("DELETE", "/anti-patterns/sessions")}
    assert visited <= bad
    assert {(pair.fixed.method, template_of(pair.fixed.path)) for pair in PAIRS} <= paths


async def test_every_detector_has_a_pair() -> None:
    kinds = {sys.modules[type(detector).__module__].KIND for detector in defaults()}
    assert kinds - {pair.look_for for pair in PAIRS} == set()


def template_of(path: str) -> str:
    parts = path.split("/")
    for number, part in enumerate(parts):
        if part.isdigit():
            parts[number] = f"{{{parts[number - 1].removesuffix('s')}_id}}"
    return "/".join(parts)
