"""Which checkouts are nested in which others, and what is said of a connection that is never returned."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Finding
from query_guard.detectors import CommitAfterResponse, ConnectionLeak, NestedCheckout
from query_guard.records import CallSite, Checkout, Frame
from tests.reports import REQUEST, SITE, checkout, facts_of, pool, statement, transaction

SITES = [CallSite(n, (Frame("crud.py", n, "load", 1),), "router", False) for n in range(4)]


def taken(number: int, **fields: Any) -> Checkout:
    """Return a checkout that begins at so many tenths of a second and ends at one second."""
    given = {"serial": number, "start": number / 10, "hold": 1 - number / 10, "site": SITES[number]}
    return checkout(**{**given, **fields})


def nested(*checkouts: Checkout) -> list[tuple[int, int]]:
    """Return the lines of each outer and inner checkout."""
    found: list[Finding] = list(NestedCheckout()(facts_of(checkouts=checkouts, pools=(pool(capacity=10),))))
    return [(finding.callers[0].frames[0].line, finding.site.frames[0].line) for finding in found]


def test_each_checkout_is_nested_in_the_first_that_is_held() -> None:
    assert nested(taken(1), taken(2), taken(3)) == [(1, 2), (1, 3)]
    assert nested(taken(1, hold=0.15), taken(2), taken(3)) == [(1, 2), (2, 3)]
    again = taken(2, start=0.4, hold=0.01)
    assert nested(taken(1, hold=0.15), taken(2, hold=0.01), taken(3), again) == [(1, 2), (3, 2)]


@pytest.mark.parametrize(("start", "found"), [(0.2, []), (0.3, []), (0.4, [(1, 2)]), (0.5, [(1, 2)])])
def test_a_checkout_that_still_waits_holds_nothing(start: float, found: list[tuple[int, int]]) -> None:
    assert nested(taken(1, wait=0.2, connect=0.1, hold=0.5), taken(2, start=start)) == found


@pytest.mark.parametrize(
    ("boundary", "of_inner", "found"),
    [
        ("router", {"task": 2}, [(1, 2)]),
        ("test", {"task": 2}, [(1, 2)]),
        ("", {"task": 2}, [(1, 2)]),
        ("task", {"task": 2}, []),
        ("task", {}, [(1, 2)]),
    ],
)
def test_a_task_does_not_wait_for_what_another_task_takes(
    boundary: str, of_inner: dict[str, Any], found: list[tuple[int, int]]
) -> None:
    outer = taken(1, site=SITES[1]._replace(boundary=boundary))
    assert nested(outer, taken(2, **of_inner)) == found


@pytest.mark.parametrize(
    ("capacity", "end"), [(2, "40 ms after its checkout; the pool has at most 2"), (None, "40 ms after its checkout")]
)
def test_a_leak_names_how_many_the_pool_has_if_that_is_limited(capacity: int | None, end: str) -> None:
    leaked = checkout(outcome="leaked", hold=None, start=0.01)
    (finding,) = ConnectionLeak()(facts_of(checkouts=(leaked,), pools=(pool(capacity=capacity),)))
    assert finding.summary == f"A connection was not returned at the end of the request, {end}"


def test_what_was_left_behind_and_what_was_collected_are_two_findings() -> None:
    lost = [checkout(outcome=outcome, site=SITE) for outcome in ("leaked", "collected", "collected")]
    found = list(ConnectionLeak()(facts_of(checkouts=tuple(lost))))
    assert [finding.count for finding in found] == [1, 2]
    assert "the garbage collector returned them after 100 ms" in found[1].summary
    (one,) = ConnectionLeak()(facts_of(checkouts=tuple(lost[1:2])))
    assert one.summary == "A connection was dropped, and the garbage collector returned it after 100 ms"


@pytest.mark.parametrize(
    ("kind", "phase", "of_row", "times"),
    [
        ("http", "teardown", "teardown", 1),
        ("websocket", "teardown", "teardown", 0),
        ("block", "teardown", "teardown", 0),
        ("http", None, "endpoint", 1),
        ("http", None, "task", 0),
        ("http", "background", "serialization", 1),
    ],
)
def test_only_a_request_over_http_has_an_answer_that_a_commit_can_come_after(
    kind: Any, phase: Any, of_row: Any, times: int
) -> None:
    row = statement(operation="INSERT", writes=("posts",), phase=of_row)
    late = transaction(phase=phase, after_response=True)
    facts = facts_of(row, transactions=(late,), request=REQUEST._replace(kind=kind))
    assert len(list(CommitAfterResponse()(facts))) == times
