"""The commands that read the debug endpoint of a running application."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from query_guard.cli.main import main
from tests.cli.serving import PATIENCE, Server
from tests.serving import WITH_KEY

pytestmark = pytest.mark.once


def served(server: Server, path: str, kind: str) -> httpx.Response:
    headers = {**WITH_KEY, "accept": kind}
    return httpx.get(f"{server.url}/__query_guard__/api/{path}", headers=headers, timeout=PATIENCE)


def printed(server: Server, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words, "--url", server.url]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def said(server: Server, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what a command that fails says, which is one line, and all of it."""
    assert main([*words, "--url", server.url]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.removeprefix("query_guard: ").removesuffix("\n")


def lasting(text: str) -> str:
    """Put a sign for the times."""
    return re.sub(r" *\d+\.\d+", " ~", text)


def test_reports_are_shown_as_the_endpoint_writes_them(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = server.visit("/users?n=5"), server.visit("/users?n=1")
    for words, path in (
        (["latest"], f"requests/{last}"),
        (["show", "latest"], f"requests/{last}"),
        (["show", first], f"requests/{first}"),
        (["list"], "requests"),
    ):
        assert printed(server, capsys, *words) == served(server, path, "text/plain").text
        data = served(server, path, "application/json").json()
        assert json.loads(printed(server, capsys, *words, "--json")) == data


@pytest.mark.parametrize("command", ["routes", "statements", "pools"])
def test_lists_are_printed_as_json_as_the_endpoint_gives_them(
    command: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.visit("/users?n=5")
    data = served(server, command, "application/json").json()
    assert json.loads(printed(server, capsys, command, "--json")) == data
    assert data[command]


def test_routes_and_statements_are_tables(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.visit("/users?n=5")
    server.visit("/nowhere")
    routes = [line.split(maxsplit=5) for line in printed(server, capsys, "routes").splitlines()[1:]]
    assert [(row[0], row[1], row[2], row[5]) for row in routes] == [
        ("1", "5", "5", "GET /users; n_plus_one=1"),
        ("1", "0", "0", "GET (no route)"),
    ]
    head, row = printed(server, capsys, "statements").splitlines()
    assert head.split("  ")[-1] == "statement"
    assert lasting(row) == "    5 ~ ~ ~  SELECT ? (GET /users)"


def test_a_pool_is_shown_with_who_holds_its_connections(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import QueuePool

    from query_guard import record

    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=3, max_overflow=0)
    with record("nightly import"), engine.connect():
        lines = printed(server, capsys, "pools").splitlines()
    engine.dispose()
    (row,) = [line.split(maxsplit=6) for line in lines if "QueuePool" in line and line.split()[1] == "3"]
    assert row[:5] == ["1", "3", "0", "1", "0"]
    (holder,) = [line for line in lines if "nightly import" in line]
    assert re.fullmatch(
        r"sqlite\+pysqlite#\d+: held for \S+ ms by nightly import at \S*test_reading\.py:\d+, idle", holder
    )


def test_without_a_report_lists_say_so(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(server, capsys, "routes") == "no report is kept yet\n"
    assert printed(server, capsys, "statements") == "no statement is kept yet\n"
    assert said(server, capsys, "latest") == (
        f"expected a report at '{server.url}/__query_guard__', and none is kept yet; send the application a request"
    )


@pytest.mark.parametrize("words", [["show", "../a?b"], ["show", "../a?b", "--json"], ["compare", "../a?b", "latest"]])
def test_an_unknown_id_is_said_to_be_unknown(
    words: list[str], server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.visit("/users")
    assert said(server, capsys, *words) == (
        f"expected a report '../a?b' at '{server.url}/__query_guard__', and it is not among the 1 that are kept; "
        "'query-guard list' shows them"
    )


@pytest.mark.parametrize("route", ["/users", "GET /users", "get /users", None])
def test_two_reports_are_compared_by_what_they_sent_and_what_was_found(
    route: str | None, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.visit("/users?n=2")
    before, after = server.visit("/users?n=5"), server.visit("/users?n=1")
    words = [route] if route else [before, after]
    head, finding, shape = printed(server, capsys, "compare", *words).splitlines()
    assert lasting(head) == "GET /users: 5 -> 1 queries, ~ -> ~ ms in the database, ~ -> ~ ms"
    assert re.fullmatch(
        r"  gone  n_plus_one at \S*serving\.py:\d+: SELECT ran 5 times, once for each object of a loop",
        finding,
    )
    assert shape == "     5 -> 1     SELECT ?"


def test_a_comparison_is_data_too(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = server.visit("/users?n=5"), server.visit("/users?n=6")
    found = [served(server, f"requests/{each}", "application/json").json()["findings"] for each in (before, after)]
    data: dict[str, Any] = json.loads(printed(server, capsys, "compare", before, after, "--json"))
    assert (data["before"]["id"], data["before"]["query_count"]) == (before, 5)
    assert (data["after"]["id"], data["after"]["query_count"]) == (after, 6)
    assert data["findings"] == {"gone": [], "new": [], "same": found[1]}
    back = json.loads(printed(server, capsys, "compare", server.visit("/users?n=1"), before, "--json"))
    assert back["findings"] == {"gone": [], "new": found[0], "same": []}
    (shape,) = data["statements"]
    assert (shape["sql"], shape["before"], shape["after"]) == ("SELECT ?", 5, 6)


def test_a_route_is_compared_with_its_own_method(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.visit("/users")
    httpx.post(f"{server.url}/users", timeout=PATIENCE)
    server.history.added.get(timeout=PATIENCE)
    assert said(server, capsys, "compare", "/users") == (
        f"expected two reports of the route '/users' at '{server.url}/__query_guard__', and 1 of the 2 that are kept "
        "are of it; send the request, or see how routes are written with 'query-guard routes'"
    )


def test_an_unknown_route_cannot_be_compared(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.visit("/users")
    assert "the route '/orders' at" in said(server, capsys, "compare", "/orders")
