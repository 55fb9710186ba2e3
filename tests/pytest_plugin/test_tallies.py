"""What is counted of a test: each route, and what was sent outside requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import Finding, QueryGuard
from query_guard.pytest_plugin.entries import Part, entry_of, key_of, middleware_entry, parts_of, tally_of
from query_guard.records import NOWHERE
from query_guard.testing import record_queries
from query_guard.testing.baseline import Baseline
from tests.reports import SITE, statement

LOOP = Finding("n_plus_one", "warning", "often", "Load them ahead", SITE, count=3)


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"relationship": "User.posts"}, "n_plus_one User.posts"),
        ({}, "n_plus_one load_posts"),
        ({"endpoint": "list_users", "phase": "serialization"}, "n_plus_one load_posts"),
        ({"site": NOWHERE, "endpoint": "list_users", "phase": "serialization"}, "n_plus_one list_users"),
        ({"site": NOWHERE, "phase": "serialization"}, "n_plus_one serialization"),
        ({"site": NOWHERE}, "n_plus_one"),
        ({"site": NOWHERE, "relationship": "User.posts", "phase": "streaming"}, "n_plus_one User.posts"),
    ],
)
def test_a_finding_is_named_by_what_stays_when_lines_move(fields: dict[str, Any], key: str) -> None:
    assert key_of(replace(LOOP, **fields)) == key


def test_equal_routes_are_one_and_quiet_findings_are_not_counted() -> None:
    quiet = replace(LOOP, severity="info", relationship="User.team")
    rows = [statement(1, sql="SELECT 1"), statement(2, sql="SELECT 1"), statement(3, sql="SELECT 2")]
    parts = [Part("GET /a", 3, rows, [LOOP, quiet]), Part("GET /b", 7, (), ()), Part("GET /a", 2, rows[:1], [LOOP])]
    assert tally_of(parts) == {
        "GET /a": {"statements": 5, "shapes": {"SELECT 1": 3, "SELECT 2": 1}, "findings": {"n_plus_one load_posts": 6}},
        "GET /b": {"statements": 7, "shapes": {}, "findings": {}},
    }


@pytest.fixture(scope="module")
def engine() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def send(engine: Engine, times: int) -> None:
    with engine.connect() as connection:
        for number in range(times):
            connection.execute(text("SELECT :n"), {"n": number})


@pytest.fixture
def client(engine: Engine) -> TestClient:
    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[])
    app.get("/loop/{n}")(lambda n: send(engine, int(n)))
    return TestClient(app)


@pytest.mark.parametrize(
    ("requests", "outside", "expected"),
    [
        ([], 0, []),
        ([], 2, [("outside requests", 2, 2, 0)]),
        ([], 4, [("outside requests", 4, 4, 1)]),
        ([1], 0, [("GET /loop/{n}", 1, 1, 0)]),
        ([4, 2], 1, [("GET /loop/{n}", 4, 4, 1), ("GET /loop/{n}", 2, 2, 0), ("outside requests", 1, 1, 0)]),
    ],
)
def test_each_request_is_a_part_and_what_no_request_sent_comes_last(
    requests: list[int], outside: int, expected: list[tuple[str, int, int, int]], client: TestClient, engine: Engine
) -> None:
    with record_queries() as recording:
        for number in requests:
            client.get(f"/loop/{number}")
        send(engine, outside)
    loops = [
        (part.route, part.query_count, len(part.statements), len([one for one in part.findings if one.too_many]))
        for part in parts_of(recording)
    ]
    assert loops == expected


@pytest.mark.parametrize(("before", "after"), [((), (2,)), ((2,), (3,)), ((3,), ()), ((1, 2), (3, 1))])
def test_statements_that_there_was_no_room_for_are_those_that_no_request_sent(
    before: tuple[int, ...], after: tuple[int, ...], client: TestClient, engine: Engine
) -> None:
    with record_queries() as recording:
        for number in before:
            client.get(f"/loop/{number}")
        send(engine, 1)
        recording.recorder.room = 0
        for number in after:
            client.get(f"/loop/{number}")
        send(engine, 4)
    assert [(part.route, part.query_count) for part in parts_of(recording)] == [
        *(("GET /loop/{n}", number) for number in (*before, *after)),
        ("outside requests", 5),
    ]


@pytest.mark.parametrize(
    ("baseline", "known", "changes"),
    [
        (None, None, None),
        ({}, False, [("n_plus_one send", 0, 4)]),
        ({"a": {}}, False, [("n_plus_one send", 0, 4)]),
        (
            {"a": {"GET /loop/{n}": {"statements": 4, "shapes": {}, "findings": {"n_plus_one send": 4}}}},
            True,
            [],
        ),
        (
            {"a": {"GET /other": {"statements": 0, "shapes": {}, "findings": {"n_plus_one send": 4}}}},
            False,
            [("n_plus_one send", 0, 4), ("n_plus_one send", 4, 0)],
        ),
        (
            {"a": {"GET /loop/{n}": {"statements": 3, "shapes": {}, "findings": {"n_plus_one send": 4}}}},
            True,
            [("statements", 3, 4)],
        ),
    ],
)
def test_a_finding_is_known_where_the_baseline_has_it_on_its_route(
    baseline: Baseline | None, known: bool | None, changes: list[tuple[str, int, int]] | None, client: TestClient
) -> None:
    with record_queries() as recording:
        client.get("/loop/4")
    entry = entry_of("a", recording, baseline)
    assert [(one["route"], one["known"]) for one in entry["findings"] if one["kind"] == "n_plus_one"] == [
        ("GET /loop/{n}", known)
    ]
    assert (entry["changes"] is None) is (changes is None)
    assert [(one["what"], one["before"], one["after"]) for one in entry["changes"] or ()] == (changes or [])
    assert (entry["recorded"], entry["saw_nothing"]) == (True, False)


def test_what_the_middleware_found_is_an_entry_without_numbers() -> None:
    entry = middleware_entry("a", [("GET /a", LOOP), ("GET /a", LOOP), ("", LOOP)])
    assert [(one["route"], one["times"], one["known"]) for one in entry["findings"]] == [
        ("GET /a", 2, None), ("outside requests", 1, None),
    ]  # fmt: skip
    assert (entry["recorded"], entry["routes"], entry["changes"]) == (False, {}, None)
