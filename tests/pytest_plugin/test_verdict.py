"""What fails a test at its end, for each mode, limit and baseline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import own_errors
from query_guard.pytest_plugin.entries import entry_of
from query_guard.pytest_plugin.limits import Limits
from query_guard.pytest_plugin.middleware_reports import MiddlewareReports
from query_guard.pytest_plugin.settings import Settings
from query_guard.pytest_plugin.verdict import verdict
from query_guard.recording import Recording
from query_guard.testing import record_queries
from query_guard.testing.baseline import Baseline
from tests.own_failures import apart
from tests.reports import REQUEST, facts_of, report_with, statement

FILE = Path("known.json")
OUTSIDE = "outside requests"
SQL = "SELECT ?"
OWN = "the guard failed here"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool)


@contextmanager
def failing_guard(fails: bool) -> Iterator[None]:
    yield
    if fails:
        try:
            raise RuntimeError
        except RuntimeError:
            own_errors.report_own_error(OWN)


def recording_of(engine: Engine, sent: int, *, fails: bool = False) -> Recording:
    with record_queries() as recording, failing_guard(fails), engine.connect() as connection:
        for number in range(sent):
            connection.execute(text("SELECT :n"), {"n": number})
    return recording


def known(statements: int = 4, findings: int = 4) -> Baseline:
    """Return a baseline with one test, which sent one shape."""
    found = {"n_plus_one recording_of": findings}
    return {"a": {OUTSIDE: {"statements": statements, "shapes": {SQL: statements}, "findings": found}}}


def told(
    settings: Settings, recording: Recording | None = None, limits: Limits | None = None, **kept: Any
) -> list[str]:
    """Return the first line of each thing that is wrong."""
    reports = MiddlewareReports()
    for name, given in kept.items():
        setattr(reports, name, given)
    entry = None if recording is None else entry_of("a", recording, settings.known)
    text = verdict(settings, reports, limits or Limits(), recording, entry)
    return [part.partition("\n")[0] for part in text.split("\n\n")]


NOTHING = [""]
FOUND = ["expected no findings, got 1:"]
GREW = ["expected no more than known.json knows, got more:"]
OVER = ["expected at most 2 queries, got 4:"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), NOTHING),
        (Settings("off"), NOTHING),
        (Settings("warn"), NOTHING),
        (Settings("fail"), FOUND),
        (Settings("fail", fail_on=frozenset({"slow_statement"})), NOTHING),
        (Settings("fail", baseline=FILE), NOTHING),
        (Settings("fail", baseline=FILE, known=known()), NOTHING),
        (Settings(baseline=FILE, known=known(3)), GREW),
        (Settings("fail", baseline=FILE, known=known(4, 3)), GREW),
        (Settings("warn", baseline=FILE, known=known(3)), NOTHING),
        (Settings("off", baseline=FILE, known=known(3)), NOTHING),
        (Settings(baseline=FILE, known=known(3), update=True), NOTHING),
        (Settings(baseline=FILE, known=known(5, 5)), NOTHING),
        (Settings(baseline=FILE, known={}), GREW),
        (Settings(baseline=FILE, known={}, fail_on=frozenset({"slow_statement"})), NOTHING),
    ],
)
def test_findings_fail_in_mode_fail_and_growth_in_each_mode_but_warn_and_off(
    settings: Settings, expected: list[str], engine: Engine
) -> None:
    recording = recording_of(engine, 4)
    assert told(settings, recording) == expected
    limited = told(settings, recording, Limits(max_queries=2))
    assert limited == OVER + (expected if expected == GREW else [])


@pytest.mark.parametrize("mode", ["", "off", "warn", "fail"])
@pytest.mark.parametrize(("most", "expected"), [(2, NOTHING), (1, ["expected at most 1 query, got 2:"])])
def test_a_limit_of_the_marker_holds_in_each_mode(mode: str, most: int, expected: list[str], engine: Engine) -> None:
    assert told(Settings(mode), recording_of(engine, 2), Limits(max_queries=most)) == expected


@pytest.mark.parametrize(
    ("settings", "limits", "is_told"),
    [
        (Settings("fail"), Limits(), True),
        (Settings("warn"), Limits(), False),
        (Settings(), Limits(), False),
        (Settings("off"), Limits(), False),
        (Settings("off"), Limits(max_queries=9), True),
        (Settings("warn"), Limits(max_time=60), True),
        (Settings("warn"), Limits(allow=("n_plus_one",)), False),
        (Settings(baseline=FILE, known={}), Limits(), True),
        (Settings("warn", baseline=FILE, known={}), Limits(), False),
        (Settings(baseline=FILE), Limits(), False),
    ],
)
@apart()
def test_a_failure_of_the_guard_fails_a_test_that_is_held_to_something(
    settings: Settings, limits: Limits, is_told: bool, engine: Engine
) -> None:
    (line,) = told(settings, recording_of(engine, 1, fails=True), limits)
    assert (f"{OWN} (1 time)" in line) is is_told


def test_budgets_are_said_of_each_route_unless_a_baseline_takes_their_place(engine: Engine) -> None:
    facts = facts_of(*(statement(n) for n in range(3)), request=REQUEST._replace(budget=2))
    other = facts_of(*(statement(n) for n in range(4)), request=REQUEST._replace(budget=3, route="/b"))
    over = [report_with(facts=facts), report_with(facts=other), report_with(facts=facts)]
    lines = [
        "expected at most 2 queries of GET /users, its budget, got 3 (and too many in 2 requests):",
        "expected at most 3 queries of GET /b, its budget, got 4:",
    ]
    for mode in ("", "warn", "fail"):
        assert told(Settings(mode), over_budget=over) == lines
    assert told(Settings("fail"), recording_of(engine, 4), over_budget=over) == lines
    assert told(Settings("off"), over_budget=over) == NOTHING
    assert told(Settings(baseline=FILE, known=known()), recording_of(engine, 4), over_budget=over) == NOTHING


def test_where_a_middleware_was_refused_only_that_is_said(engine: Engine) -> None:
    recording, limits = recording_of(engine, 4), Limits(max_queries=2)
    refused = ["expected requests to be profiled, but an option of QueryGuard is wrong:"]
    assert told(Settings("fail"), recording, limits, refusals={"a wrong option"}) == refused
    assert told(Settings("off"), recording, limits, refusals={"a wrong option"}) == OVER


def test_growth_names_the_shapes_that_grew_the_most_grown_first(engine: Engine) -> None:
    with record_queries() as recording, engine.connect() as connection:
        for sql, times in (("SELECT :n AS one_more", 3), ("SELECT :n AS same", 2), ("SELECT :n AS new", 2)):
            for number in range(times):
                connection.execute(text(sql), {"n": number})
    shapes = {"SELECT ? AS one_more": 2, "SELECT ? AS same": 2}
    before: Baseline = {"a": {OUTSIDE: {"statements": 4, "shapes": shapes, "findings": {}}}}
    settings = replace(Settings(baseline=FILE, known=before), fail_on=frozenset())
    shown = verdict(settings, MiddlewareReports(), Limits(), recording, entry_of("a", recording, before))
    assert [line for line in shown.splitlines() if "->" in line] == [
        f"  {OUTSIDE}: 4 -> 7 statements",
        "  0 -> 2 x SELECT ? AS new",
        "  2 -> 3 x SELECT ? AS one_more",
    ]
    assert "this test is not in known.json" not in shown
