"""What a request is said to be, whenever somebody asks."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.capture.window.window import current
from tests.serving import guarded, only, visit

pytestmark = [pytest.mark.asyncio, pytest.mark.query_guard(mode="off")]


class Asking:
    """Middleware that asks before the router has found the route, and after it."""

    def __init__(self, app: Any, names: list[str]) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        window = current.get()
        assert window is not None
        self.names.append(window.name)
        await self.app(scope, receive, send)
        self.names.append(window.name)


async def test_a_budget_is_that_of_the_route_that_it_names() -> None:
    app, reports = guarded(budgets={"GET /items": 5, "POST /users": 7})
    for path in ("/items", "/users"):
        app.get(path)(lambda: None)
        app.post(path)(lambda: None)
    await visit(app, "/items", "/users", "/nowhere")
    await visit(app, "/items", "/users", method="POST")
    assert {report.request.name: report.request.budget for report in reports} == {
        "GET /items": 5, "GET /users": None, "GET (no route)": None, "POST /items": None, "POST /users": 7,
    }  # fmt: skip


@pytest.mark.parametrize("sample_rate", [0, 1])
async def test_who_asks_before_the_route_is_known_keeps_nobody_from_it(sample_rate: float) -> None:
    app, reports = guarded(sample_rate=sample_rate)
    names: list[str] = []
    guard = app.user_middleware.pop()
    app.add_middleware(Asking, names=names)
    app.user_middleware.insert(0, guard)

    @app.get("/items/{number}")
    async def item(number: int) -> None: ...

    await visit(app, "/items/7")
    assert names[1] == "GET /items/{number}" != names[0]
    assert [report.request.route for report in reports] == ["/items/{number}"]
    assert only(reports).request.status == 200
