"""What the tables of routes, statements and pools, and a comparison, say of what an endpoint answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from query_guard.cli.compare import last_two
from query_guard.cli.endpoint import Endpoint
from query_guard.cli.failure import Failure
from query_guard.cli.main import main
from query_guard.debug.key import Key
from tests.cli.foreign import Foreign
from tests.serving import KEY

pytestmark = pytest.mark.once

Printed = Callable[..., list[str]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Printed]:
    """Give what runs a command against a server that answers everything with this data, and returns its lines."""
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    server = Foreign()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def run(data: object, *words: str) -> list[str]:
        server.answer = (200, "application/json", json.dumps(data).encode())
        assert main([*words, "--url", server.url]) == 0
        return capsys.readouterr().out.splitlines()

    yield run
    server.shutdown()
    thread.join()
    server.server_close()


ROUTE = {"method": "GET", "route": "/users", "requests": 2, "query_count_median": 3, "query_count_max": 5}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "GET /users"),
        ({"sampled": 2}, "GET /users"),
        ({"sampled": 1}, "GET /users (1 of 2 sampled)"),
        ({"sampled": 0}, "GET /users (0 of 2 sampled)"),
        ({"route": None}, "GET (no route)"),
        ({"method": None}, "/users"),
        ({"findings": {}}, "GET /users"),
        ({"findings": None}, "GET /users"),
        (
            {"findings": {"n_plus_one": 3, "pool_wait": 1}, "sampled": 1},
            "GET /users (1 of 2 sampled); n_plus_one=3, pool_wait=1",
        ),
    ],
)
def test_a_route_is_named_with_how_much_is_known_and_what_was_found(
    fields: dict[str, Any], name: str, printed: Printed
) -> None:
    head, row = printed({"routes": [{**ROUTE, "query_time_ms": 1.5, **fields}]}, "routes")
    assert head.split("  ")[-1] == "route"
    assert row.split(maxsplit=5) == ["2", "3", "5", "1.5", "-", name]


@pytest.mark.parametrize(
    ("routes", "shown"),
    [(["GET /a"], "GET /a"), (["GET /a", "GET /b", "GET /c"], "GET /a and 2 more"), ([], "-"), (None, "-")],
)
def test_a_statement_has_its_numbers_and_where_it_was_sent(routes: Any, shown: str, printed: Printed) -> None:
    row = {"count": 4, "total_ms": 8.5, "median_ms": 2.0, "max_ms": 3.0, "sql": "SELECT\n 1", "routes": routes}
    assert printed({"statements": [row]}, "statements")[1].split(maxsplit=4) == [
        "4", "8.5", "2.0", "3.0", f"SELECT 1 ({shown})",
    ]  # fmt: skip


POOL = {
    "engine": "postgresql#1", "kind": "QueuePool", "checked_out": 2, "size": 5, "overflow": 0, "peak": 3, "waits": 1,
    "wait_ms": 0.5,
}  # fmt: skip
HOLDER = {"held_ms": 12.5, "name": "GET /users", "doing": "idle", "file": "crud.py", "line": 3}


def test_below_the_pools_is_who_holds_their_connections(printed: Printed) -> None:
    leak = {**HOLDER, "file": None, "name": "GET /lost", "suspected": True}
    pools = [{**POOL, "holders": [HOLDER, leak], "unseen": 2}, {**POOL, "engine": "sqlite#2", "holders": None}]
    _, first, second, *held = printed({"pools": pools}, "pools")
    assert first.split(maxsplit=6) == ["2", "5", "0", "3", "1", "0.5", "postgresql#1 (QueuePool)"]
    assert second.endswith("sqlite#2 (QueuePool)")
    assert held == [
        "postgresql#1: held for 12.5 ms by GET /users at crud.py:3, idle",
        "postgresql#1: held for 12.5 ms by GET /lost, idle, a suspected leak",
        "postgresql#1: 2 more, whose checkout was not recorded",
    ]


def test_without_a_row_a_list_says_so(printed: Printed) -> None:
    assert printed({"routes": []}, "routes") == ["no report is kept yet"]
    assert printed({"statements": []}, "statements") == ["no statement is kept yet"]
    assert printed({"pools": []}, "pools") == ["no pool was used yet"]


REPORT = {
    "id": "a", "kind": "request", "method": "GET", "route": "/users", "path": "/users", "status": 200,
    "started_at": "2027-01-01", "duration_ms": 20.04, "query_count": 5, "query_time_ms": 1.25, "dropped": 0,
    "statements": [{"fingerprint": "f", "sql": "SELECT 1"}], "findings": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("dropped", "last"),
    [(0, None), (3, "  6 statements were counted without details, and are in the first line alone")],
)
def test_a_comparison_says_how_many_statements_have_no_details(
    dropped: int, last: str | None, printed: Printed
) -> None:
    lines = printed({**REPORT, "dropped": dropped}, "compare", "a", "b")
    assert lines == [
        "GET /users: 5 -> 5 queries, 1.2 -> 1.2 ms in the database, 20.0 -> 20.0 ms",
        *([] if last is None else [last]),
    ]


@pytest.mark.parametrize(("file", "place"), [("crud.py", " at crud.py:3"), (None, "")])
def test_a_finding_of_a_comparison_has_its_line_and_no_statement(
    file: str | None, place: str, printed: Printed
) -> None:
    finding = {
        "kind": "n_plus_one", "relationship": None, "function": "load", "file": file, "line": 3,
        "summary": "It ran 3 times: SELECT 1: a",
    }  # fmt: skip
    lines = printed({**REPORT, "findings": [finding]}, "compare", "a", "b")
    assert lines[1:] == [f"  same  n_plus_one{place}: It ran 3 times"]


class Kept(Endpoint):
    """An endpoint whose list of reports is known."""

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [
            {**REPORT, "id": "tried", "trial": {"of": "a", "outcome": "works"}},
            {**REPORT, "id": "latest"},
            {**REPORT, "id": "of another method", "method": "POST"},
            {**REPORT, "id": "of another route", "route": "/posts"},
            {**REPORT, "id": "tried before", "trial": {"of": "a", "outcome": "fails"}},
            {**REPORT, "id": "before"},
            {**REPORT, "id": "first"},
            {**REPORT, "id": "of another method again", "method": "PUT"},
        ]


@pytest.mark.parametrize("route", ["GET /users", "get /users", "/users"])
def test_of_a_route_the_last_two_are_compared_without_those_in_which_a_fix_was_tried(route: str) -> None:
    assert last_two(Kept("http://here", "/path", Key(b"", "")), route) == ("before", "latest")


@pytest.mark.parametrize(("route", "number"), [("/posts", 1), ("POST /users", 1), ("/none", 0), ("users", 0)])
def test_a_route_with_fewer_than_two_reports_is_refused(route: str, number: int) -> None:
    with pytest.raises(Failure, match=f"and {number} of the 8 that are kept are of it; send the request"):
        last_two(Kept("http://here", "/path", Key(b"", "")), route)
