"""What the options of a run mean, and which of them are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from query_guard.pytest_plugin.settings import Settings, settings_of
from query_guard.testing.baseline import Baseline

pytest_plugins = ["pytester"]

FILE = Path("known.json")
EMPTY: Baseline = {}


def settings(pytester: pytest.Pytester, *options: str, ini: str = "") -> Settings:
    pytester.makeini(f"[pytest]\n{ini}\n")
    return settings_of(pytester.parseconfig("-p", "no:cacheprovider", *options))


def refused(pytester: pytest.Pytester, *options: str, ini: str = "") -> str:
    with pytest.raises(pytest.UsageError) as raised:
        settings(pytester, *options, ini=ini)
    return str(raised.value)


@pytest.mark.parametrize(
    ("given", "meaning"),
    [
        (Settings(), "listens"),
        (Settings("warn"), "listens records"),
        (Settings("fail"), "listens records"),
        (Settings("off"), ""),
        (Settings(require=True), "listens records"),
        (Settings(reports=(FILE,)), "listens records"),
        (Settings("off", require=True, reports=(FILE,)), ""),
        (Settings(baseline=FILE), "listens records writes_baseline"),
        (Settings(baseline=FILE, known=EMPTY), "listens records holds_baseline"),
        (Settings(baseline=FILE, known=EMPTY, update=True), "listens records writes_baseline"),
        (Settings(baseline=FILE, update=True), "listens records writes_baseline"),
        (Settings("warn", baseline=FILE, known=EMPTY), "listens records holds_baseline"),
        (Settings("off", baseline=FILE), ""),
        (Settings("off", baseline=FILE, known=EMPTY, update=True), ""),
        (Settings("off", baseline=FILE, known=EMPTY), ""),
    ],
)
def test_what_a_run_does_follows_from_its_mode_baseline_and_reports(given: Settings, meaning: str) -> None:
    names = ("listens", "records", "writes_baseline", "holds_baseline")
    assert " ".join(name for name in names if getattr(given, name)) == meaning


def test_without_options_nothing_is_asked_for(pytester: pytest.Pytester) -> None:
    given = settings(pytester)
    assert (given.mode, given.baseline, given.known, given.reports) == ("", None, None, ())
    assert (given.fail_on, given.allow) == (None, ())
    assert (given.update, given.reads, given.require, given.tries, given.tries_commits) == (False,) * 5
    assert given.runs_all


@pytest.mark.parametrize(
    ("options", "ini", "mode"),
    [
        (["--query-guard=fail"], "", "fail"),
        ([], "query_guard = fail", "fail"),
        (["--query-guard=warn"], "query_guard = fail", "warn"),
        (["--query-guard-try"], "", "warn"),
        (["--query-guard-try-commits"], "", "warn"),
        (["--query-guard-try", "--query-guard=fail"], "", "fail"),
        (["--query-guard-try"], "query_guard = fail", "fail"),
        (["--query-guard-require"], "", ""),
    ],
)
def test_the_mode_is_that_of_the_command_line_else_of_the_ini_file_else_what_trying_needs(
    options: list[str], ini: str, mode: str, pytester: pytest.Pytester
) -> None:
    assert settings(pytester, *options, ini=ini).mode == mode


@pytest.mark.parametrize(
    ("options", "tries", "commits"),
    [
        (["--query-guard-try"], True, False),
        (["--query-guard-try-commits"], True, True),
        (["--query-guard-try", "--query-guard=off"], False, False),
        (["--query-guard-try-commits", "--query-guard=off"], False, True),
        (["--query-guard=fail"], False, False),
    ],
)
def test_tests_run_again_where_that_is_asked_for_and_it_is_not_off(
    options: list[str], tries: bool, commits: bool, pytester: pytest.Pytester
) -> None:
    given = settings(pytester, *options)
    assert (given.tries, given.tries_commits) == (tries, commits)


@pytest.mark.parametrize(
    ("options", "ini", "kinds"),
    [
        ([], "query_guard_fail_on = slow_statement", {"slow_statement"}),
        (
            [],
            "query_guard_fail_on = slow_statement, n_plus_one pool_wait",
            {"slow_statement", "n_plus_one", "pool_wait"},
        ),
        (["--query-guard-fail-on=n_plus_one,pool_wait"], "", {"n_plus_one", "pool_wait"}),
        (["--query-guard-fail-on=n_plus_one"], "query_guard_fail_on = slow_statement", {"n_plus_one"}),
        (["--query-guard-fail-on="], "query_guard_fail_on = slow_statement", set()),
        ([], "query_guard_fail_on =", None),
    ],
)
def test_the_kinds_that_fail_are_those_of_the_command_line_else_of_the_ini_file(
    options: list[str], ini: str, kinds: set[str] | None, pytester: pytest.Pytester
) -> None:
    assert settings(pytester, *options, ini=ini).fail_on == kinds


def test_a_slip_is_said_to_be_where_it_is(pytester: pytest.Pytester) -> None:
    told = "there is no kind 'n_plus_on'; did you mean 'n_plus_one'?"
    assert refused(pytester, "--query-guard-fail-on=n_plus_on") == f"--query-guard-fail-on: {told}"
    assert refused(pytester, ini="query_guard_fail_on = n_plus_on") == f"the ini option query_guard_fail_on: {told}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Post.author", ("Post.author", "", None)),
        ("n_plus_one:crud.py:load", ("n_plus_one:crud.py:load", "", None)),
        ("Post.author because it is one", ("Post.author", "it is one", None)),
        ("Post.author until 2999-01-31", ("Post.author", "", date(2999, 1, 31))),
        ("mine   until  2999-01-31  because  of it", ("mine", "of it", date(2999, 1, 31))),
    ],
)
def test_an_allowance_has_a_pattern_a_last_day_and_a_reason(
    line: str, expected: tuple[str, str, date | None], pytester: pytest.Pytester
) -> None:
    (allowance,) = settings(pytester, ini=f"query_guard_allow = {line}").allow
    assert (allowance.pattern, allowance.reason, allowance.until) == expected


@pytest.mark.parametrize("ci", ["", "0", "false", "False"])
def test_where_ci_is_not_set_a_missing_baseline_will_be_written(
    ci: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    given = settings(pytester, "--query-guard-baseline=known.json")
    assert (given.baseline, given.known, given.writes_baseline) == (pytester.path / "known.json", None, True)


@pytest.mark.parametrize("ci", ["1", "true", "TRUE", "yes"])
def test_where_ci_is_set_it_must_be_there_unless_it_is_to_be_written_or_all_is_off(
    ci: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    option = "--query-guard-baseline=known.json"
    assert "must be there where CI is set, but it is missing" in refused(pytester, option)
    assert settings(pytester, option, "--query-guard-update-baseline").writes_baseline
    assert not settings(pytester, option, "--query-guard=off").writes_baseline
    (pytester.path / "known.json").write_text('{"version": 1, "tests": {}}')
    assert settings(pytester, option).holds_baseline


@pytest.mark.parametrize(("mode", "holds"), [("warn", True), ("fail", True), ("off", False)])
def test_a_baseline_is_read_in_each_mode_but_off(mode: str, holds: bool, pytester: pytest.Pytester) -> None:
    (pytester.path / "known.json").write_text('{"version": 1, "tests": {}}')
    given = settings(pytester, "--query-guard-baseline=known.json", f"--query-guard={mode}")
    assert (given.known, given.holds_baseline) == ({} if holds else None, holds)
