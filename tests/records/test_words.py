"""What records say of themselves: names, places, and lines for people."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.records import (
    NOWHERE,
    Frame,
    Holder,
    LoopBlock,
    Request,
    shown_seconds,
)
from tests.reports import ENGINE, POSTS, SITE, checkout, statement

HOLDER = Holder(1, "GET /", SITE, 1.5, 0.25, "idle", suspected=False)
ALONE = SITE._replace(frames=SITE.frames[:1])
FROM_MAIN = SITE._replace(frames=(*SITE.frames, Frame("main.py", 3, "run", 1)))


@pytest.mark.parametrize(
    ("holder", "line"),
    [
        (
            HOLDER,
            "GET / at crud.py:31 in load_posts, called from routers/users.py:12 in list_users: held for 1.5 s, "
            "idle for 250 ms",
        ),
        (HOLDER._replace(site=NOWHERE, doing="running a statement"), "GET /: held for 1.5 s, running a statement"),
        (
            HOLDER._replace(
                site=SITE._replace(frames=SITE.frames[:1]), held=0.9994, doing="idle in transaction", idle=2
            ),
            "GET / at crud.py:31 in load_posts: held for 999 ms, idle in transaction for 2.0 s",
        ),
        (
            HOLDER._replace(
                site=SITE._replace(frames=(*SITE.frames, Frame("main.py", 3, "run", 1))), doing="then returned"
            ),
            "GET / at crud.py:31 in load_posts, called from main.py:3 in run: held for 1.5 s, then returned",
        ),
    ],
)
def test_a_holder_is_told_with_its_place(holder: Holder, line: str) -> None:
    assert str(holder) == line


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0 ms"), (0.9, "900 ms"), (1, "1.0 s"), (61.25, "61.2 s")])
def test_seconds_are_shown_as_people_read_them(seconds: float, shown: str) -> None:
    assert shown_seconds(seconds) == shown


@pytest.mark.parametrize(
    ("outcome", "has"),
    [("returned", True), ("open", True), ("leaked", True), ("timeout", False), ("cancelled", False), ("failed", False)],
)
def test_a_checkout_has_a_connection_from_its_start_and_its_waits(outcome: str, has: bool) -> None:
    one = checkout(start=1.0, wait=2.0, connect=4.0, outcome=outcome)
    assert (one.acquired, one.has_connection) == (7.0, has)


@pytest.mark.parametrize(
    ("start", "end", "overlap"), [(0, 1, 0), (1, 3, 1), (2.5, 3, 0.5), (3, 9, 1), (4, 5, 0), (0, 9, 2)]
)
def test_how_long_a_loop_was_blocked_within_a_time(start: float, end: float, overlap: float) -> None:
    block = LoopBlock(2, 4)
    assert (block.overlap(start, end), block.duration) == (overlap, 2)


def test_what_a_statement_says_without_the_values_of_the_application() -> None:
    row = statement(3, parameters=("secret",), start=2.0, duration=0.5, stalled=0.125, loader=POSTS)
    assert repr(row).startswith("Statement(serial=3, start=2.0, duration=0.5, stalled=0.125, owner=None, values=(3,), ")
    assert repr(row).endswith("error=None, request=1)")
    assert ("secret" in repr(row), repr(row).count("=") > 30) == (False, True)
    assert (row.end, row.database_time, row.relationship) == (2.5, 0.375, "User.posts")
    assert (statement(1).relationship, row.value_key) == (None, (1, (3,)))
    assert [statement(1, rows=rows, loaded=4).brought for rows in (None, 0, 7)] == [4, 0, 7]
    assert str(ENGINE) == "postgresql+asyncpg#1"


@pytest.mark.parametrize(
    ("request_of", "name", "written"),
    [
        (
            Request("http", "GET", "/users/7", "/users/{id}", 200),
            "GET /users/{id}",
            "Request(kind='http', method='GET', r",
        ),
        (Request("http", "POST", None), "POST (no route)", "Request(kind='http', method='POST', route=None, "),
        (Request("block", "", "nightly"), "nightly", "Request('block', 'nightly')"),
        (Request("block", "", None), "", "Request('block', None)"),
    ],
)
def test_a_request_is_named_by_its_route_and_a_block_by_its_own_name(
    request_of: Request, name: str, written: str
) -> None:
    assert request_of.name == name
    assert repr(request_of).startswith(written)


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({"status": 200}, False),
        ({"status": 499}, False),
        ({"status": None}, False),
        ({"status": 500}, True),
        ({"status": 200, "cancelled": True}, True),
        ({"status": 200, "exception": "ValueError"}, True),
    ],
)
def test_a_request_has_done_only_a_part_of_its_work(fields: dict[str, Any], failed: bool) -> None:
    assert Request("http", "GET", "/", "/", **fields).has_failed is failed


def test_which_methods_only_read() -> None:
    methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
    assert [method for method in methods if Request("http", method, "/").only_reads] == ["GET", "HEAD", "OPTIONS"]
