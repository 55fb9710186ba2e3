"""Which kinds fail a test, what the suite allows, budgets of time, and tests that nobody could look at."""

from __future__ import annotations

import json

import pytest

from tests.pytest_plugin.application import prepare, run, said

pytest_plugins = ["pytester"]

SLOW = """
import pytest
from query_guard.testing import assert_no_findings

def slowly():
    from app import slow
    slow()

def test_slow():
    slowly()

def test_slow_block():
    with assert_no_findings():
        slowly()

@pytest.mark.query_guard(fail_on=("slow_statement",))
def test_told():
    slowly()

@pytest.mark.query_guard(max_time=0.05)
def test_time():
    slowly()

def test_lazy(client):
    client.get("/lazy")
"""


def prepare_slow(pytester: pytest.Pytester, tests: str = SLOW, ini: str = "") -> None:
    prepare(pytester, tests, ini=ini)
    app = (pytester.path / "app.py").read_text()
    pytester.makepyfile(
        app=app
        + """
from sqlalchemy import text
def slow():
    with engine.connect() as connection:
        connection.connection.driver_connection.create_function("pause", 0, lambda: __import__("time").sleep(0.11))
        connection.execute(text("SELECT pause()"))
"""
    )


def test_what_measures_time_warns_and_fails_only_where_it_is_named(pytester: pytest.Pytester) -> None:
    prepare_slow(pytester)
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=2, failed=3)
    shown = said(result)
    assert "\nslow_statement outside requests at app.py:N: " in shown
    assert "  slow_statement: " in shown
    result.stdout.re_match_lines(
        [r"expected at most 50 ms in the database, got \d+ ms:", r"  \d+ ms for 1 x SELECT pause"]
    )
    result.stdout.fnmatch_lines(["FAILED *test_told *", "FAILED *test_time *", "FAILED *test_lazy *"])


def test_what_measures_time_is_no_growth_of_a_baseline_unless_it_is_named(pytester: pytest.Pytester) -> None:
    prepare_slow(pytester, "from app import slow\ndef slowly():\n    slow()\ndef test_slow():\n    slowly()\n")
    options = ("--query-guard-baseline=known.json",)
    run(pytester, *options).assert_outcomes(passed=1)
    known = json.loads((pytester.path / "known.json").read_text())
    findings = known["tests"]["test_app.py::test_slow"]["outside requests"]["findings"]
    assert findings.pop("slow_statement slow") == 1
    (pytester.path / "known.json").write_text(json.dumps(known))
    run(pytester, *options).assert_outcomes(passed=1)
    result = run(pytester, *options, "--query-guard-fail-on=slow_statement")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*outside requests: 0 -> 1 slow_statement slow"])


def test_the_run_says_which_kinds_fail(pytester: pytest.Pytester) -> None:
    prepare_slow(pytester, ini="query_guard_fail_on = slow_statement")
    result = run(pytester, "--query-guard=fail", "-k", "test_slow or test_lazy")
    result.stdout.fnmatch_lines(["FAILED *::test_slow - *", "FAILED *::test_slow_block - *"])
    result.assert_outcomes(passed=1, failed=2, deselected=2)
    run(pytester, "--query-guard=fail", "--query-guard-fail-on=n_plus_one", "-k", "test_lazy").assert_outcomes(
        failed=1, deselected=4
    )


def test_a_kind_that_there_is_not_is_refused(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    result = run(pytester, "--query-guard-fail-on=n_plus_on")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --query-guard-fail-on: there is no kind 'n_plus_on'; did you mean 'n_plus_one'?"]
    )


def test_the_suite_allows_with_reason_and_last_day(pytester: pytest.Pytester) -> None:
    lines = (
        "query_guard_allow =\n    Author.books until {} because each has one book\n"
        "    n_plus_one:other.py:f until 9999-01-01\n"
    )
    prepare(pytester, ini=lines.format("9999-01-01"))
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=2)
    assert "query_guard: allowances that matched nothing" in said(result)
    assert "\nquery_guard_allow: 'n_plus_one:other.py:f'\n" in said(result)
    assert "query_guard_allow: 'Author.books'" not in said(result)
    prepare(pytester, ini=lines.format("2020-01-01"))
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    assert "the allowance 'Author.books' (each has one book) expired on 2020-01-01" in said(result)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "Author.books till tomorrow",
            "each line must be 'PATTERN until DAY because REASON'*not 'Author.books till tomorrow'",
        ),
        ("Author.books until soon", "the allowance 'Author.books' must end on a date*"),
        ("n_plus_on:app.py", "there is no kind 'n_plus_on'; did you mean 'n_plus_one'?"),
    ],
)
def test_an_allowance_that_is_none_is_refused(pytester: pytest.Pytester, line: str, told: str) -> None:
    prepare(pytester, ini=f"query_guard_allow = {line}")
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: the ini option query_guard_allow: {told}"])


def test_a_suite_notes_reads(pytester: pytest.Pytester) -> None:
    unread = """
from app import *
def test_unread():
    in_vain()
"""
    prepare(pytester, unread, ini="query_guard_reads = true")
    app = (pytester.path / "app.py").read_text()
    pytester.makepyfile(
        app=app
        + """
def in_vain():
    with Session(engine) as session:
        return [author.id for author in session.scalars(select(Author).options(selectinload(Author.books)))]
"""
    )
    result = run(pytester, "--query-guard=warn", "--query-guard-report=out.json")
    assert "unused_eager_load" in (pytester.path / "out.json").read_text()
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    run(pytester, "--query-guard=warn", "--query-guard-report=out.json")
    assert "unused_eager_load" not in (pytester.path / "out.json").read_text()
    result.assert_outcomes(passed=1)


def test_a_database_that_nobody_can_see_fails_where_it_is_required(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        """
import asyncio, sqlite3
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

def past():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("SELECT 1")

def test_past(): past()
def test_seen(client): client.get("/eager")
def test_nothing(): pass
def test_async():
    async def main():
        engine = create_async_engine("sqlite+aiosqlite://")
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        await engine.dispose()
    asyncio.run(main())
@pytest.mark.query_guard(mode="off")
def test_off(): past()
""",
    )
    result = run(pytester, "--query-guard-require")
    result.assert_outcomes(passed=4, failed=1)
    assert "but a database was used that query_guard cannot see:\n  1 x sqlite3, connected at test_app.py:N\n" in said(
        result
    )
    run(pytester).assert_outcomes(passed=5)


def test_misuse_is_one_line_at_the_test(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        """
import pytest
from query_guard.testing import assert_constant_queries, assert_no_findings

@pytest.mark.query_guard(max_query=1)
def test_key(): pass

@pytest.mark.query_guard(max_queries="1")
def test_value(): pass

@pytest.mark.query_guard(allow=("n_plus_won",))
def test_kind(): pass

def test_not_awaited():
    async def call(): pass
    assert_constant_queries(call, lambda n: None)

def test_kinds():
    with assert_no_findings(kinds={"slow_statment"}):
        pass
""",
    )
    result = run(pytester)
    result.assert_outcomes(failed=5)
    shown = said(result)
    for line in (
        "test_app.py::test_key: the marker query_guard takes max_queries=, max_time=, allow=, mode= and fail_on=, "
        "not 'max_query'",
        "test_app.py::test_value: query_guard(max_queries=...): the number of queries must be an integer of at "
        "least 0, not '1'",
        "test_app.py::test_kind: query_guard: allow: there is no kind 'n_plus_won'; did you mean 'n_plus_one'?",
        "expected assert_constant_queries of an async call to be awaited, but it was not, so that it has asserted "
        "nothing: write await assert_constant_queries(...)",
    ):
        assert f"_\n{line}\n" in shown
    assert "assert_no_findings: kinds: there is no kind 'slow_statment'; did you mean 'slow_statement'?" in shown
    assert "limits.py" not in shown
    assert "was never awaited" not in shown


def test_a_baseline_that_is_missing_in_ci_is_an_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(pytester)
    monkeypatch.setenv("CI", "true")
    result = run(pytester, "--query-guard-baseline=query-baseline.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --query-guard-baseline: *query-baseline.json must be there where CI is set, but it is missing; *"]
    )
    assert not (pytester.path / "query-baseline.json").exists()
    run(pytester, "--query-guard-baseline=query-baseline.json", "--query-guard-update-baseline").assert_outcomes(
        passed=2
    )
    run(pytester, "--query-guard-baseline=query-baseline.json").assert_outcomes(passed=2)
