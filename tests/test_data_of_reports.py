"""The fields of a report as data: of statements, holders, silences and pauses, and of the line that lists show."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from query_guard.document.connections import holder_document, loop_block_document, transaction_document
from query_guard.document.fields import milliseconds, moment
from query_guard.document.findings import finding_document, silence_document, tried_document
from query_guard.document.kind_pages import kind_page, kind_pages, meaning
from query_guard.document.report import document, summary
from query_guard.document.statements import first_of_duplicates, statement_document
from query_guard.records import NOWHERE, Finding, Holder, LoopBlock, Request, Silence, Tried
from tests.reports import ENGINE, REQUEST, SITE, facts_of, report_with, statement, transaction

PLACE = {"file": "crud.py", "line": 31, "function": "load_posts"}
NO_PLACE = {"file": None, "line": None, "function": None}


def test_a_statement() -> None:
    row = statement(3, start=0.5, duration=0.25, stalled=0.125, transaction=4, loaded_by=2, rows=7, error="DataError")
    assert statement_document(row) == {
        "id": 3, "fingerprint": "f" * 16, "sql": row.sql, "operation": "SELECT", "start_ms": 500.0,
        "duration_ms": 250.0, "loop_ms": 125.0, **PLACE, "phase": "endpoint", "engine": str(ENGINE), "connection": 1,
        "transaction": 4, "relationship": None, "loaded_by": 2, "rows": 7, "failed": True,
    }  # fmt: skip


def test_a_statement_outside_of_transactions_that_did_not_fail() -> None:
    told = statement_document(statement(transaction=0, site=NOWHERE))
    assert (told["transaction"], told["failed"], told["file"]) == (None, False, None)


@pytest.mark.parametrize(
    ("fields", "duplicates"),
    [
        ({}, {2: 1}),
        ({"values": (8,)}, {}),
        ({"text": 2}, {}),
        ({"engine": ENGINE._replace(serial=2)}, {}),
        ({"operation": "UPDATE"}, {2: 1}),
        ({"operation": "DELETE"}, {2: 1}),
        ({"operation": "INSERT"}, {}),
        ({"executemany": True}, {}),
    ],
)
def test_a_duplicate_sends_the_same_text_and_values_to_the_same_engine(
    fields: dict[str, Any], duplicates: dict[int, int]
) -> None:
    given = {"text": 1, "values": (7,)}
    first = statement(1, **{**given, **{key: fields[key] for key in fields if key in ("operation", "executemany")}})
    assert first_of_duplicates([first, statement(2, **{**given, **fields})]) == duplicates


def test_in_a_report_a_statement_says_which_one_it_repeats() -> None:
    told = document(report_with(facts=facts_of(*[statement(number, values=(7,)) for number in (1, 2, 3)])))
    assert [row["duplicate_of"] for row in told["statements"]] == [None, 1, 1]


def test_values_are_left_out_where_there_are_none() -> None:
    facts = facts_of(statement(1, parameters=("secret",)), statement(2))
    told = document(report_with(facts=facts), parameters=True)
    assert [row.get("parameters", "left out") for row in told["statements"]] == [["secret"], "left out"]


def test_a_holder() -> None:
    assert holder_document(Holder(4, "GET /users", SITE, 20.0, 10.0, "idle", True)) == {
        "checkout": 4, "name": "GET /users", "held_ms": 20_000.0, "idle_ms": 10_000.0, "doing": "idle",
        "suspected": True, **PLACE,
    }  # fmt: skip


def test_a_transaction() -> None:
    told = transaction_document(transaction(serial=2, start=0.25, end=0.75, writes=3, rows_written=5, ended_by=""))
    assert told == {
        "id": 2, "connection": 1, "start_ms": 250.0, "duration_ms": 500.0, "outcome": "committed",
        "autocommit": False, "statements": 1, "writes": 3, "rows_written": 5, "ended_by": None, "phase": "endpoint",
        **PLACE,
    }  # fmt: skip


def test_a_blocked_loop_and_a_silence() -> None:
    assert loop_block_document(LoopBlock(0.25, 1.0)) == {"start_ms": 250.0, "duration_ms": 750.0, **NO_PLACE}
    assert silence_document(Silence("n_plus_one", "one a page", SITE, 2, (1, 2))) == {
        "kind": "n_plus_one", "reason": "one a page", **PLACE, "count": 2, "statement_ids": [1, 2],
    }  # fmt: skip


def test_a_finding() -> None:
    finding = Finding(
        "n_plus_one", "warning", "It ran", "Mend it", SITE, count=3, statements=(2, 3), relationship="User.posts",
        saving=0.25, saved_statements=2, phase="endpoint", details=("It took long.",),
        tried=Tried(3, None, "fails", "no"),
    )  # fmt: skip
    assert finding_document(finding) == {
        "kind": "n_plus_one", "severity": "warning", "summary": "It ran", "fix": "Mend it", **PLACE,
        "callers": [{"file": "routers/users.py", "line": 12, "function": "list_users"}], "places": [], "count": 3,
        "relationship": "User.posts", "saving_ms": 250.0, "saved_statements": 2, "phase": "endpoint",
        "statement_ids": [2, 3], "details": ["It took long."], "remedy": None, "remedy_suffices": False, "edit": None,
        "tried": {"before": 3, "after": None, "outcome": "fails", "why": "no"}, "effects": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tried", "told"),
    [
        (None, None),
        (Tried(12, 3, "works"), {"before": 12, "after": 3, "outcome": "works"}),
        (Tried(12, 12, "unknown", "who knows"), {"before": 12, "after": 12, "outcome": "unknown", "why": "who knows"}),
    ],
)
def test_what_became_of_a_trial(tried: Tried | None, told: dict[str, Any] | None) -> None:
    assert tried_document(tried) == told


def test_the_line_of_a_report_in_a_list() -> None:
    loud = Finding("n_plus_one", "warning", "It ran", "Mend it")
    quiet = Finding("large_result", "info", "It was long", "Page it")
    rows = [statement(1), statement(2), statement(3, fingerprint="0" * 16)]
    report = replace(report_with(loud, quiet, facts=facts_of(*rows)), trace_id="a" * 32, span_id="b" * 16)
    told = summary(report)
    assert {key: told[key] for key in ("shapes", "severities", "findings", "trace_id", "span_id", "query_count")} == {
        "shapes": 2, "severities": ["warning", "info"], "findings": ["n_plus_one", "large_result"],
        "trace_id": "a" * 32, "span_id": "b" * 16, "query_count": 3,
    }  # fmt: skip
    assert (told["method"], told["route"], told["status"], told["duration_ms"]) == ("GET", "/users", 200, 50.0)


@pytest.mark.parametrize(
    ("request_", "shown", "asked_for"),
    [
        (REQUEST._replace(path="/users/7", route="/users/{id}"), "/users/{id}", "/users/7"),
        (Request("block", "", "nightly job"), "nightly job", "nightly job"),
    ],
    ids=["a request", "a block"],
)
def test_a_path_is_shown_to_whom_asks_for_values_and_the_name_of_a_block_to_all(
    request_: Request, shown: str, asked_for: str
) -> None:
    report = report_with(facts=facts_of(request=request_))
    assert [summary(report)["path"], summary(report, parameters=True)["path"]] == [shown, asked_for]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_what_is_no_number_of_seconds_stays_as_it_is(number: float) -> None:
    assert str(milliseconds(number)) == str(number)


def test_a_moment_is_in_utc_with_milliseconds() -> None:
    assert moment(1_700_000_000.25) == "2023-11-14T22:13:20.250+00:00"


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("# a\n\n## What it means\n\nA loop sends\nstatements. Each takes time.\n\nMore.\n", "A loop sends statements"),
        ("## What it means\n\nA list:\n\n- one\n", "A list"),
        ("# a page without it\n", ""),
    ],
)
def test_the_meaning_of_a_kind_is_the_first_sentence_of_its_page(page: str, sentence: str) -> None:
    assert meaning(page) == sentence


def test_each_kind_has_its_page_and_an_own_one_has_none() -> None:
    assert [*kind_pages()] == sorted(kind_pages())
    assert "index" not in kind_pages()
    assert (kind_page("n_plus_one") or "").startswith("# ")
    assert kind_page("of_your_own") is None
