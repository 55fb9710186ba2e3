"""A QueryGuard of the application takes the window of a request over; sockets are windows with it and without."""

from __future__ import annotations

import pytest

from tests.pytest_plugin.application import run, said
from tests.pytest_plugin.test_boundaries import FASTAPI, ITEMS, LOOP

pytest_plugins = ["pytester"]

SOCKETS = (
    FASTAPI
    + """
@app.websocket("/loop/{number}")
async def looping(websocket: WebSocket, number: int):
    await websocket.accept()
    for name in "abcd":
        find(name)
    await websocket.send_text("done")
    await websocket.close()
"""
)
USES_SOCKETS = """
from starlette.websockets import WebSocketDisconnect
from web import client
import pytest

def test_three_sockets():
    for _ in range(3):
        with client.websocket_connect("/socket") as socket, pytest.raises(WebSocketDisconnect):
            socket.receive_text()

def test_a_loop_in_a_socket():
    with client.websocket_connect("/loop/1") as socket:
        assert socket.receive_text() == "done"
"""
LITESTAR = """
from litestar import Litestar, WebSocket, get, websocket
from litestar.middleware import DefineMiddleware
from litestar.testing import TestClient
from items import find
from query_guard import QueryGuard

reports = []

@get("/items/{name:str}", sync_to_thread=False)
def one(name: str) -> list[int]:
    return find(name)

@get("/loop/{name:str}", sync_to_thread=False)
def loop(name: str) -> None:
    for name in "abcd":
        find(name)

@get("/excluded", sync_to_thread=False)
def excluded() -> None:
    loop.fn("a")

@websocket("/socket/{name:str}")
async def socket(socket: WebSocket, name: str) -> None:
    await socket.accept()
    for name in "abcd":
        find(name)
    await socket.close()

guard = DefineMiddleware(
    QueryGuard, reporters=[reports.append], budgets={"GET /items/{name}": 0}, allow=("n_plus_one:web.py:loop",),
    exclude=("/excluded",),
)
client = TestClient(Litestar([one, loop, excluded, socket], middleware=[guard], logging_config=None))
"""
USES_LITESTAR = """
from web import client, reports
from query_guard.testing import record_queries
import pytest

def test_what_the_middleware_allows():
    with record_queries() as recording:
        assert client.get("/loop/a").status_code == 200
    assert recording.request_reports.kept == reports
    assert [report.request.name for report in reports] == ["GET /loop/{name}"]

def test_excluded():
    told = len(reports)
    assert client.get("/excluded").status_code == 200
    assert len(reports) == told

def test_budget():
    assert client.get("/items/a").status_code == 200

def test_socket():
    with client.websocket_connect("/socket/a"):
        pass
"""


@pytest.fixture
def items(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(items=ITEMS)
    return pytester


@pytest.mark.parametrize("middleware", ["", "from query_guard import QueryGuard\napp.add_middleware(QueryGuard)\n"])
def test_each_socket_is_a_window_of_its_own(items: pytest.Pytester, middleware: str) -> None:
    items.makepyfile(web=SOCKETS + middleware, test_web=USES_SOCKETS)
    result = run(items, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    shown = said(result)
    assert LOOP.format(route="/loop/{number}").replace("on GET", "on WEBSOCKET") in shown
    assert "expected no findings, got 1:\n" in shown


def test_a_middleware_inside_litestar_takes_the_window_over(items: pytest.Pytester) -> None:
    pytest.importorskip("litestar")
    items.makepyfile(web=LITESTAR, test_web=USES_LITESTAR)
    result = run(items, "--query-guard=fail")
    result.assert_outcomes(passed=2, failed=2)
    shown = said(result)
    assert "expected at most 0 queries of GET /items/{name}, its budget, got 1:" in shown
    assert LOOP.format(route="/socket/{name}").replace("on GET", "on WEBSOCKET") in shown
    assert shown.count("n_plus_one: ") == 1
