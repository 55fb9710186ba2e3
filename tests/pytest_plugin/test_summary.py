"""What the terminal says at the end of a run, of entries made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from query_guard.pytest_plugin.settings import Settings
from query_guard.pytest_plugin.summary import sections
from query_guard.records import Allowance
from query_guard.testing.baseline import Baseline
from query_guard.testing.tallies import Change, Entry
from tests.runs import entry, told

FILE = Path("known.json")
FINDINGS = "query_guard: findings of the tests"
OF_MIDDLEWARE = "query_guard: findings of the application's middleware"
KNOWN: Baseline = {"known": {}}


@pytest.fixture(autouse=True)
def not_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def said(settings: Settings, *entries: Entry, written: tuple[str, ...] = ()) -> dict[str, list[str]]:
    return dict(sections(settings, [*entries], [*written]))


def other(given: Entry, **fields: Any) -> Entry:
    return {**given, **fields}  # type: ignore[typeddict-item]  # fields of an entry


@pytest.mark.parametrize(("number", "last"), [(1, "of 1"), (20, "of 20"), (21, "and 1 more"), (30, "and 10 more")])
def test_of_many_causes_the_first_twenty_are_shown_whole(number: int, last: str) -> None:
    entries = [entry(f"of {n}", told(place=f"a.py:{n:02}", callers=[])) for n in range(1, number + 1)]
    lines = said(Settings("warn"), *entries)[FINDINGS]
    assert lines[2] == "    in of 1"
    assert len(lines) == 3 * min(number, 20) + (number > 20)
    assert lines[-1].removeprefix("    in ") == last


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ([told(saves=0)], "n_plus_one User.posts on GET /users at app/crud.py:31: once in 1 test"),
        (
            [told(saves=9)],
            "n_plus_one User.posts on GET /users at app/crud.py:31: once in 1 test; the fix saves 9 statements",
        ),
        ([told(saves=0, times=2)], "n_plus_one User.posts on GET /users at app/crud.py:31: 2 times in 1 test"),
        ([told(saves=0, relationship=None)], "n_plus_one on GET /users at app/crud.py:31: once in 1 test"),
    ],
)
def test_a_cause_is_one_line_where_no_mode_is_given(findings: list[Any], line: str) -> None:
    assert said(Settings(), entry("a", *findings)) == {OF_MIDDLEWARE: [line]}


def test_a_cause_of_two_tests_and_routes_names_them_and_what_became_of_its_fix() -> None:
    caller = {"file": "other.py", "line": 1, "function": "f"}
    tried = {"before": 4, "after": 2, "outcome": "works"}
    first, second = told(saves=0, tried=tried), told(saves=0, route="GET /b", callers=[caller])
    assert said(Settings("warn"), entry("a", first), entry("b", second))[FINDINGS] == [
        "n_plus_one User.posts on GET /users and 1 other route at app/crud.py:31: 2 times in 2 tests",
        "    fix: Add .options(selectinload(User.posts))",
        "    tried: 4 -> 2 statements",
        "    on GET /users, GET /b",
        "    called from app/routers/users.py:12, other.py:1",
        "    in a, b",
    ]
    one_route = said(Settings("fail"), entry("a", told(kind="slow_statement", callers=[])))
    assert one_route[FINDINGS][1:] == ["    fix: Add .options(selectinload(User.posts))", "    in a"]


@pytest.mark.parametrize(("number", "names"), [(3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (6, "0, 1, 2 and 3 more")])
def test_three_names_are_told(number: int, names: str) -> None:
    lines = said(Settings("warn"), *(entry(str(n), told()) for n in range(number)))[FINDINGS]
    assert lines[-1] == f"    in {names}"


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        (Settings(), "n_plus_one slow_statement"),
        (Settings("warn"), "n_plus_one slow_statement"),
        (Settings("fail"), "slow_statement"),
        (Settings("fail", fail_on=frozenset({"slow_statement"})), "n_plus_one"),
        (Settings("fail", fail_on=frozenset({"slow_statement", "n_plus_one"})), ""),
        (Settings("warn", baseline=FILE, known=KNOWN), ""),
        (Settings("warn", baseline=FILE), "n_plus_one slow_statement"),
    ],
)
def test_what_fails_a_test_is_not_listed_again(settings: Settings, kinds: str) -> None:
    shown = said(settings, entry("known", told(saves=0), told(kind="slow_statement", saves=0)))
    lines = shown.get(FINDINGS, shown.get(OF_MIDDLEWARE, []))
    assert " ".join(line.split()[0] for line in lines if not line.startswith(" ")) == kinds


@pytest.mark.parametrize(
    ("used", "runs_all", "told_of"),
    [([], True, ["'n_plus_one'", "'slow_statement'"]), (["n_plus_one"], True, ["'slow_statement'"]), ([], False, [])],
)
def test_an_allowance_of_the_suite_is_unused_where_the_whole_suite_ran(
    used: list[str], runs_all: bool, told_of: list[str]
) -> None:
    allow = (Allowance("n_plus_one"), Allowance("slow_statement"))
    shown = said(Settings("warn", allow=allow, runs_all=runs_all), other(entry("a"), used=used), entry("b"))
    lines = shown.get("query_guard: allowances that matched nothing", [])
    assert lines == [f"query_guard_allow: {pattern}" for pattern in told_of]


def test_allowances_of_tests_are_sorted_and_those_of_the_suite_come_last() -> None:
    stale = [other(entry(name), stale=["mine"]) for name in "ba"]
    shown = said(Settings("warn", allow=(Allowance("n_plus_one"),)), *stale)
    assert shown["query_guard: allowances that matched nothing"] == [
        "a: 'mine'", "b: 'mine'", "query_guard_allow: 'n_plus_one'",
    ]  # fmt: skip


def change(before: int, after: int) -> list[Change]:
    return [{"route": "GET /a", "what": "statements", "before": before, "after": after}]


def test_growth_and_what_is_less_and_new_are_told_of_tests_that_passed() -> None:
    entries = [
        other(entry("known", changes=change(2, 3))), entry("known", changes=change(3, 2)), entry("new"),
        other(entry("empty"), routes={}), other(entry("new too", changes=change(1, 9)), outcome="failed"),
        entry("known", changes=change(4, 4)),
    ]  # fmt: skip
    assert said(Settings("warn", baseline=FILE, known=KNOWN), *entries) == {
        "query_guard: more than known.json knows": ["known: GET /a: 2 -> 3 statements"],
        "query_guard: less than known.json allows": [
            "known: GET /a: 3 -> 2 statements", "--query-guard-update-baseline tightens it",
        ],
        "query_guard: tests that are not in known.json": ["new", "--query-guard-update-baseline adds them"],
    }  # fmt: skip
    assert said(Settings("warn", baseline=FILE, known=KNOWN, update=True), *entries) == {}


@pytest.mark.parametrize(
    ("mode", "sent", "saw_nothing", "line"),
    [
        ("warn", [0], [True], "--query-guard=warn, but nothing could be seen in 1 test: "),
        ("fail", [0, 0], [True, True], "--query-guard=fail, but nothing could be seen in 2 tests: "),
        ("fail", [0, 0], [True, False], "--query-guard=fail, but no statement was recorded in 2 tests: "),
        ("", [0], [False], "recording, but no statement was recorded in 1 test: "),
        ("warn", [0, 1], [True, False], None),
        ("warn", [], [], None),
    ],
)
def test_a_run_in_which_nothing_was_recorded_says_so(
    mode: str, sent: list[int], saw_nothing: list[bool], line: str | None
) -> None:
    entries = [
        other(entry(str(number), statements=statements), saw_nothing=nothing)
        for number, (statements, nothing) in enumerate(zip(sent, saw_nothing, strict=True))
    ]
    unrecorded = other(entry("of the middleware"), recorded=False, routes={})
    shown = said(Settings(mode), *entries, unrecorded, written=("wrote it",))
    end = [] if line is None else [f"{line}is the engine used in this process?"]
    assert shown == {"query_guard": ["wrote it", *end]}


@pytest.mark.parametrize(
    ("actions", "mode", "is_shown"), [("true", "warn", True), ("false", "warn", False), ("true", "off", False)]
)
def test_lines_for_github_are_written_there_alone(
    actions: str, mode: str, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", actions)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    shown = said(Settings(mode), entry("a", told()))
    assert ("query_guard: annotations" in shown) is is_shown
    assert "query_guard: annotations" not in said(Settings(mode), entry("a"))
