"""The one sentence, and the data, of reports made by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from query_guard.document.fields import milliseconds
from query_guard.document.findings import callers_of, finding_document, place_line, places_of
from query_guard.document.pools import live_pool_document, pool_numbers
from query_guard.document.report import document
from query_guard.document.sentence import sentence
from query_guard.records import NOWHERE, CallSite, Finding, Frame, Holder, Numbers, Pause, TrialOf, Tried
from tests.reports import ENGINE, SITE, checkout, facts_of, pool, report_with, statement, transaction


def site(line: int, *further: int) -> CallSite:
    return CallSite(line, tuple(Frame("crud.py", n, f"at_{n}", 1) for n in (line, *further)), "router", False)


def loop(**fields: Any) -> Finding:
    given: dict[str, Any] = {
        "site": SITE,
        "count": 3,
        "statements": (2, 3, 4),
        "remedy": "selectinload(User.posts)",
        "saved_statements": 2,
        "saving": 0.01,
    }
    return Finding("loop", "warning", "It ran 3 times: SELECT 1", "Mend it", **{**given, **fields})


def said(finding: Finding, queries: int = 4, **fields: Any) -> str:
    rows = [statement(n) for n in range(1, queries + 1)]
    return sentence(report_with(finding, facts=facts_of(*rows, **fields)))


def test_what_mending_it_wins() -> None:
    assert said(loop()) == (
        "GET /users: 4 queries, 3 of them from crud.py:31; selectinload(User.posts) makes it 2 and saves about 10 ms"
    )


@pytest.mark.parametrize(("saving", "told"), [(0.0004, ""), (0.0005, " and saves about 0 ms")])
def test_half_a_millisecond_is_worth_a_word(saving: float, told: str) -> None:
    assert said(loop(saving=saving)).endswith(f"makes it 2{told}")


def test_without_anything_to_paste_or_to_win_it_says_what_is_wrong() -> None:
    for finding in (loop(remedy=""), loop(saved_statements=0)):
        assert said(finding).endswith("from crud.py:31; It ran 3 times")
    assert said(loop(saved_statements=1)).endswith("selectinload(User.posts) makes it 3 and saves about 10 ms")


def test_what_was_dropped_may_be_more_of_it() -> None:
    assert said(loop(), dropped=7, query_count=11) == (
        "GET /users: 11 queries, at least 3 of them from crud.py:31; It ran 3 times"
    )


def test_all_one_and_the_only_one() -> None:
    assert "4 queries, all of them from" in said(loop(count=4))
    assert "4 queries, one of them from" in said(loop(count=1))
    assert said(loop(count=1, remedy=""), queries=1) == "GET /users: 1 query from crud.py:31; It ran 3 times"


def test_several_lines_are_counted() -> None:
    assert "from crud.py:31 and 2 other lines;" in said(loop(callers=(site(1), site(2))))
    assert "from crud.py:31;" in said(loop(callers=(site(1), site(1))))


def test_a_loud_finding_without_statements_is_said_and_information_is_not() -> None:
    rows = facts_of(statement())
    waited = Finding("wait", "warning", "A connection was waited for: long", "Mend it")
    assert sentence(report_with(waited, facts=rows)) == "GET /users: 1 query in 1.0 ms; A connection was waited for"
    quiet = Finding("wait", "info", "A connection was waited for: long", "Mend it", statements=(1,))
    assert sentence(report_with(quiet, facts=rows)) == "GET /users: 1 query in 1.0 ms"


def test_callers_led_to_the_line_and_places_are_other_lines() -> None:
    own = site(1, 2, 3)
    finding = Finding(
        "n", "warning", "", "", site=own, callers=(own, site(4), site(4, 9), site(1, 5), site(6), NOWHERE)
    )
    assert [frame.line for frame in callers_of(finding)] == [2, 3, 5]
    assert [frame.line for frame in places_of(finding)] == [4, 6]


def test_decorators_do_not_use_up_the_callers() -> None:
    frames = [Frame("crud.py", n, f"at_{n}", 1, n % 2 == 0) for n in range(1, 14)]
    finding = Finding("n", "warning", "", "", site=CallSite(1, tuple(frames), "router", False))
    assert [frame.line for frame in callers_of(finding)] == [3, 5, 7, 9, 11]


def test_five_callers_and_five_places_each_once() -> None:
    many = Finding("n", "warning", "", "", site=site(1), callers=(*map(site, range(1, 9)), site(1, *range(10, 19))))
    assert [frame.line for frame in callers_of(many)] == [10, 11, 12, 13, 14]
    assert [frame.line for frame in places_of(many)] == [2, 3, 4, 5, 6]


def test_effects_stand_below_their_cause() -> None:
    effect = Finding("read", "warning", "It was read: SELECT", "Read it once", site=SITE, count=4)
    told = finding_document(Finding("commit", "warning", "", "", effects=(effect,)))
    assert told["effects"] == [
        {
            "kind": "read", "summary": "It was read: SELECT", "file": "crud.py", "line": 31, "function": "load_posts",
            "count": 4,
        }
    ]  # fmt: skip


def test_where_no_line_was_running() -> None:
    told = finding_document(Finding("n", "info", "", "", phase="serialization", endpoint="list_users"))
    assert (told["file"], told["line"], told["function"], told["callers"]) == (None, None, None, [])


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"site": SITE, "phase": "endpoint", "endpoint": "list_users"}, "crud.py:31"),
        ({"phase": "serialization", "endpoint": "list_users"}, "serialization of list_users"),
        ({"endpoint": "list_users"}, "a library of list_users"),
        ({"phase": "streaming"}, "streaming"),
        ({}, "a library"),
    ],
)
def test_the_place_of_a_finding(fields: dict[str, Any], place: str) -> None:
    assert Finding("n", "info", "", "", **fields).place == place


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"site": SITE, "phase": "endpoint"}, "at crud.py:31 in load_posts"),
        (
            {"site": SITE, "phase": "streaming", "endpoint": "list_users"},
            "at crud.py:31 in load_posts, during streaming",
        ),
        ({"phase": "middleware", "endpoint": "list_users"}, "during middleware of list_users"),
        ({}, ""),
    ],
)
def test_the_line_that_names_the_place(fields: dict[str, Any], line: str) -> None:
    assert place_line(Finding("n", "info", "", "", **fields)) == line


@pytest.mark.parametrize(("seconds", "shown"), [(0.0012345, 1.234), (2.0, 2000.0), (math.inf, math.inf)])
def test_milliseconds_have_three_places(seconds: float, shown: float) -> None:
    assert milliseconds(seconds) == shown


def test_numbers_of_no_checkout_are_none() -> None:
    assert pool_numbers(Numbers(3, 0.1)) == {}
    assert pool_numbers(Numbers(3, 0.1, 1, 0.002, 0.004, 1, 5, 0)) == {
        "checkouts": 1,
        "wait_ms": 2.0,
        "held_ms": 4.0,
        "checked_out": 1,
        "size": 5,
        "overflow": 0,
    }


@pytest.mark.parametrize(("out", "unseen"), [(None, None), (0, 0), (1, 0), (3, 2)])
def test_connections_that_nobody_recorded_are_counted(out: int | None, unseen: int | None) -> None:
    holder = Holder(1, "GET /", SITE, 0.2, 0.1, "idle", False)
    assert live_pool_document(pool(checked_out=out), [holder])["unseen"] == unseen


def test_a_holder_is_at_its_line_and_called_from_the_outermost() -> None:
    frames = tuple(Frame(f"{name}.py", line, name, 1) for line, name in enumerate(("load", "list", "serve"), 1))
    places = [NOWHERE._replace(frames=frames[:number]) for number in range(4)]
    assert [str(Holder(1, "GET /", of, 0.25, 0.1, "idle", False)) for of in places] == [
        "GET /: held for 250 ms, idle for 100 ms",
        "GET / at load.py:1 in load: held for 250 ms, idle for 100 ms",
        "GET / at load.py:1 in load, called from list.py:2 in list: held for 250 ms, idle for 100 ms",
        "GET / at load.py:1 in load, called from serve.py:3 in serve: held for 250 ms, idle for 100 ms",
    ]


def test_the_data_of_checkouts_transactions_and_pools() -> None:
    facts = facts_of(
        checkouts=(
            checkout(start=0.5, wait=0.1, connect=0.2, hold=0.3, busy=0.04, idle_in_transaction=0.05, site=SITE),
        ),
        transactions=(transaction(start=0.5, end=0.75, pauses=(Pause(0.6, SITE),)), transaction(serial=2, end=None)),
        pools=(pool(name="primary", idle=3, waiting=1, waits=2, wait_time=0.1, connects=3, connect_time=0.25, peak=4),),
    )
    told = document(report_with(facts=facts))
    assert told["checkouts"] == [
        {
            "id": 1,
            "pool": 1,
            "connection": 1,
            "start_ms": 500.0,
            "wait_ms": 100.0,
            "connect_ms": 200.0,
            "held_ms": 300.0,
            "busy_ms": 40.0,
            "idle_in_transaction_ms": 50.0,
            "outcome": "returned",
            "phase": "endpoint",
            "held_in_pool": 1,
            "holders": [],
            "file": "crud.py",
            "line": 31,
            "function": "load_posts",
        }
    ]
    first, second = told["transactions"]
    assert (first["duration_ms"], second["duration_ms"]) == (250.0, None)
    assert (first["start_ms"], first["outcome"], first["writes"], first["ended_by"]) == (
        500.0, "committed", 1, "application",
    )  # fmt: skip
    (told_pool,) = told["pools"]
    assert told_pool == {
        "id": 1,
        "name": "primary",
        "engine": str(ENGINE),
        "kind": "AsyncAdaptedQueuePool",
        "size": 5,
        "checked_out": 1,
        "overflow": 0,
        "idle": 3,
        "waiting": 1,
        "capacity": 15,
        "pre_ping": True,
        "peak": 4,
        "waits": 2,
        "wait_ms": 100.0,
        "connects": 3,
        "connect_ms": 250.0,
        "collected": 0,
    }


def test_most_connections_at_once() -> None:
    rows = (
        checkout(start=0.0, hold=0.5),
        checkout(start=0.4, hold=0.2),
        checkout(start=0.5, hold=None),
        checkout(start=0.45, outcome="timeout", hold=9.0),
    )
    assert facts_of(checkouts=rows, duration=1.0).peak_connections == 2
    assert facts_of(checkouts=rows[:1]).peak_connections == 1
    assert facts_of(checkouts=rows[3:]).peak_connections == 0
    assert facts_of(checkouts=(*rows, checkout(start=0.55, hold=0.1)), duration=1.0).peak_connections == 3
    assert facts_of(checkouts=rows[:3], duration=1.0).held_time == pytest.approx(1.2)


def test_a_finding_wins_nothing_unless_it_says_so() -> None:
    slow = Finding("slow", "warning", "It was slow: SELECT 1", "Mend it", SITE, remedy="an index", statements=(1,))
    assert (slow.count, slow.saved_statements, slow.saving, slow.request) == (1, 0, 0.0, 0)
    assert said(slow) == "GET /users: 4 queries, one of them from crud.py:31; It was slow"


def test_values_are_shown_to_whom_asks_for_them_alone() -> None:
    report = report_with(facts=facts_of(statement(parameters=("secret",))))
    assert "secret" not in str(document(report))
    assert "secret" in str(document(report, parameters=True))


def test_a_report_without_findings_says_how_long_its_queries_took() -> None:
    assert sentence(report_with(facts=facts_of(statement(duration=0.5)))) == "GET /users: 1 query in 500.0 ms"


def test_a_report_says_which_fixes_were_in_place() -> None:
    report = report_with(facts=facts_of(statement(duration=0.5)))
    assert document(report)["trial"] is None
    report.trial = TrialOf("first", Tried(12, 1, "unknown", "its answer was another one"))
    tried = {"before": 12, "after": 1, "outcome": "unknown", "why": "its answer was another one"}
    assert document(report)["trial"] == {"of": "first", **tried}
    assert sentence(report) == (
        "GET /users: 1 query in 500.0 ms; with the fixes of report first in place, "
        "tried: 12 -> 1 statements, unknown: its answer was another one"
    )
