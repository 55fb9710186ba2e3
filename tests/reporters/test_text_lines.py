"""Each line of the readable report: where it stands, and when it is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from query_guard.records import NOWHERE, CallSite, Finding, Frame, Report, Silence, Tried
from query_guard.reporters.text import TextReporter, render
from tests.reports import REQUEST, SITE, checkout, facts_of, pool, report_with, statement, transaction


def lines(report: Report) -> list[str]:
    return render(report).splitlines()


def outcome(**fields: Any) -> str:
    return lines(report_with(facts=facts_of(**fields)))[1]


def test_a_finding_says_where_it_is_why_and_what_else_its_fix_mends() -> None:
    other = CallSite(57, (Frame("crud.py", 57, "load_tags", 50),), "", False)
    finding = Finding(
        "n_plus_one", "error", "Posts were loaded one by one", "Load them at once", SITE,
        callers=(SITE, other), details=("It took long.", "It will again."), tried=Tried(101, 2, "works"),
        effects=(Finding("slow_statement", "warning", "It was slow", "Mend it", other),),
    )  # fmt: skip
    assert lines(report_with(finding))[2:] == [
        "",
        "  error n_plus_one: Posts were loaded one by one",
        "    at crud.py:31 in load_posts",
        "    called from routers/users.py:12 in list_users",
        "    also at crud.py:57 in load_tags",
        "    It took long.",
        "    It will again.",
        "    fix: Load them at once",
        "    tried: 101 -> 2 statements",
        "    also fixes: slow_statement at crud.py:57: It was slow",
    ]


def test_of_a_finding_without_more_to_say_cause_and_fix_stand_alone() -> None:
    finding = Finding("pool_wait", "warning", "A connection was waited for", "Use fewer")
    assert lines(report_with(finding))[2:] == [
        "",
        "  warning pool_wait: A connection was waited for",
        "    fix: Use fewer",
    ]


@pytest.mark.parametrize(("site", "place"), [(SITE, ", crud.py:31"), (NOWHERE, "")])
def test_a_repetition_that_is_no_fault_is_explained(site: CallSite, place: str) -> None:
    silence = Silence("n_plus_one", "each page is asked for by itself", site, 7, (1, 2))
    report = replace(report_with(), silences=(silence,))
    assert lines(report)[2:] == [f"  each page is asked for by itself (7 statements{place})"]


@pytest.mark.parametrize(
    ("request_fields", "said"),
    [
        ({"status": 404}, "status 404; 50.0 ms"),
        ({"status": None}, "50.0 ms"),
        ({"status": 500, "exception": "LookupError"}, "status 500; LookupError escaped; 50.0 ms"),
        ({"status": None, "cancelled": True}, "the client went away; 50.0 ms"),
    ],
)
def test_how_it_ended(request_fields: dict[str, Any], said: str) -> None:
    request = REQUEST._replace(**request_fields)
    assert outcome(request=request) == f"  {said}; 0.0 ms in the database; report 0123456789abcdef"


@pytest.mark.parametrize(
    ("pools", "said"),
    [
        ((pool(),), "2 checkouts, waited 250.0 ms, held 750.0 ms, 1 of 5 checked out"),
        ((pool(size=None),), "2 checkouts, waited 250.0 ms, held 750.0 ms, 1 checked out"),
        ((pool(checked_out=None),), "2 checkouts, waited 250.0 ms, held 750.0 ms"),
    ],
)
def test_what_it_took_from_the_pool(pools: tuple[Any, ...], said: str) -> None:
    checkouts = (checkout(wait=0.25, hold=0.5), checkout(serial=2, hold=0.25))
    told = outcome(checkouts=checkouts, pools=pools)
    assert told == f"  status 200; 50.0 ms; 0.0 ms in the database; {said}; report 0123456789abcdef"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"dropped": 7}, "7 statements were counted without details"),
        ({"dropped_checkouts": 7}, "7 checkouts were counted without details"),
        ({"dropped_checkouts": 7, "checkouts": (checkout(),)}, "7 more checkouts were counted without details"),
        ({"dropped_transactions": 7}, "7 transactions were counted without details"),
        (
            {"dropped_transactions": 7, "transactions": (transaction(),)},
            "7 more transactions were counted without details",
        ),
    ],
)
def test_what_was_only_counted(fields: dict[str, Any], said: str) -> None:
    assert lines(report_with(facts=facts_of(**fields)))[2:] == [f"  {said}"]


@pytest.mark.parametrize(("phase", "place"), [("serialization", "serialization"), ("", "?")])
def test_a_statement_without_a_line_is_at_its_phase(phase: str, place: str) -> None:
    row = statement(sql="SELECT 1", site=NOWHERE, phase=phase)
    assert lines(report_with(facts=facts_of(row)))[-1] == f"     1 x      1.0 ms  {'SELECT 1':<70}  {place}"


def test_one_statement_at_two_lines_is_two_shapes_each_with_its_own_text() -> None:
    elsewhere = CallSite(1, (Frame("other.py", 1, "other", 1),), "", False)
    rows = (
        statement(1, sql="SELECT 1", duration=0.002),
        statement(2, sql="SELECT 1 + 1", duration=0.002),
        statement(3, sql="SELECT 1", duration=0.001, site=elsewhere),
    )
    assert [line.split() for line in lines(report_with(facts=facts_of(*rows)))[3:]] == [
        ["2", "x", "4.0", "ms", "SELECT", "1", "crud.py:31"],
        ["1", "x", "1.0", "ms", "SELECT", "1", "other.py:1"],
    ]


def test_it_goes_to_standard_error_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    TextReporter()(report_with())
    assert capsys.readouterr().err == render(report_with()) + "\n"
