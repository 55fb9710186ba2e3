"""--query-guard-baseline: written once, then only growth fails."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from query_guard.cli.main import main
from tests.pytest_plugin.application import AUTHORS, BOOKS, LOOP, TESTS, prepare, run, said

pytest_plugins = ["pytester"]

OPTION = ("--query-guard-baseline", "query-baseline.json")
UPDATE = (*OPTION, "--query-guard-update-baseline")


def baseline(pytester: pytest.Pytester) -> Any:
    return json.loads(text_of(pytester))


def text_of(pytester: pytest.Pytester) -> str:
    """Return the file without the labels that SQLAlchemy 2.0 still writes."""
    return re.sub(r" AS \w+", "", (pytester.path / "query-baseline.json").read_text())


def test_the_first_run_writes_it_and_nothing_fails(pytester: pytest.Pytester) -> None:
    prepare(pytester, TESTS + "\ndef test_over(client):\n    client.get('/over')\n")
    result = run(pytester, *OPTION, "--query-guard=fail")
    result.assert_outcomes(passed=3)
    assert "\nwrote query-baseline.json: 3 tests, 10 statements, 3 known findings\n" in said(result)
    tests = baseline(pytester)["tests"]
    assert tests["test_app.py::test_lazy"] == {
        "GET /lazy": {"statements": 4, "shapes": {AUTHORS: 1, BOOKS: 3}, "findings": {"n_plus_one Author.books": 3}}
    }
    assert tests["test_app.py::test_over"]["GET /over"]["findings"] == {
        "n_plus_one Author.books": 3,
        "statement_budget lazy": 4,
    }


def test_the_file_is_sorted_and_knows_no_lines(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_lazy(client):\n    client.get('/lazy')\n")
    run(pytester, *OPTION)
    assert (
        text_of(pytester)
        == f"""\
{{
  "tests": {{
    "test_app.py::test_lazy": {{
      "GET /lazy": {{
        "findings": {{
          "n_plus_one Author.books": 3
        }},
        "shapes": {{
          "{AUTHORS}": 1,
          "{BOOKS}": 3
        }},
        "statements": 4
      }}
    }}
  }},
  "version": 1
}}
"""
    )


def test_what_it_knows_is_tolerated(pytester: pytest.Pytester) -> None:
    prepare(pytester, TESTS + "\ndef test_over(client):\n    client.get('/over')\n")
    run(pytester, *OPTION)
    result = run(pytester, *OPTION, "--query-guard=fail")
    result.assert_outcomes(passed=3)
    assert "query_guard:" not in said(result)


def test_growth_fails_and_says_before_and_after(pytester: pytest.Pytester) -> None:
    prepare(pytester, "from app import add\n\ndef test_lazy(client):\n    client.get('/lazy')\n")
    run(pytester, *OPTION)
    pytester.makepyfile(
        test_app="from app import add\n\ndef test_lazy(client):\n    client.get('/lazy')\n    client.get('/lazy')\n"
    )
    result = run(pytester, *OPTION)
    result.assert_outcomes(failed=1)
    assert (
        "_\nexpected no more than query-baseline.json knows, got more:\n"
        "  GET /lazy: 4 -> 8 statements\n"
        "  GET /lazy: 3 -> 6 n_plus_one Author.books\n"
        f"  3 -> 6 x {BOOKS} [Author.books]\n"
        "      app.py:N in lazy\n"
        f"  1 -> 2 x {AUTHORS}\n"
        "      app.py:N in lazy\n"
        f"{LOOP.replace('GET /lazy', 'GET /lazy (2 times)')}"
        "  if this is meant: run it again with --query-guard-update-baseline\n="
    ) in said(result)


def test_warn_lists_growth_and_does_not_fail(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_it(client):\n    client.get('/eager')\n")
    run(pytester, *OPTION)
    pytester.makepyfile(test_app="def test_it(client):\n    client.get('/eager')\n    client.get('/eager')\n")
    result = run(pytester, *OPTION, "--query-guard=warn")
    result.assert_outcomes(passed=1)
    shown = said(result)
    assert "query_guard: more than query-baseline.json knows" in shown
    assert "\ntest_app.py::test_it: GET /eager: 2 -> 4 statements\n" in shown


def test_other_statements_but_no_more_of_them_are_no_growth(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_it(client):\n    client.get('/eager')\n")
    run(pytester, *OPTION)
    known = baseline(pytester)
    known["tests"]["test_app.py::test_it"]["GET /eager"]["shapes"] = {"SELECT 1": 2}
    (pytester.path / "query-baseline.json").write_text(json.dumps(known))
    run(pytester, *OPTION).assert_outcomes(passed=1)


def test_what_could_be_tightened_is_said(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_it(client):\n    client.get('/lazy')\n")
    run(pytester, *OPTION)
    source = (pytester.path / "app.py").read_text()
    pytester.makepyfile(app=source.replace("select(Author))", "select(Author).options(selectinload(Author.books)))"))
    result = run(pytester, *OPTION)
    result.assert_outcomes(passed=1)
    assert (
        "-\ntest_app.py::test_it: GET /lazy: 4 -> 2 statements\n"
        "test_app.py::test_it: GET /lazy: 3 -> 0 n_plus_one Author.books\n"
        "--query-guard-update-baseline tightens it\n"
    ) in said(result)


def test_a_new_test_has_no_number_to_exceed_but_no_known_findings_either(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_it(client):\n    client.get('/eager')\n")
    run(pytester, *OPTION)
    pytester.makepyfile(test_app=TESTS)
    result = run(pytester, *OPTION)
    result.assert_outcomes(passed=1, failed=1)
    shown = said(result)
    assert (
        "expected no more than query-baseline.json knows, got more:\n"
        "  GET /lazy: 0 -> 3 n_plus_one Author.books\n"
        f"{LOOP}"
        "  this test is not in query-baseline.json, so that none of its findings is known\n"
        "  if this is meant: run it again with --query-guard-update-baseline\n"
    ) in shown
    assert "-\ntest_app.py::test_eager\n--query-guard-update-baseline adds them\n" in shown


def test_an_update_keeps_the_entries_of_tests_that_did_not_run(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    run(pytester, *OPTION)
    pytester.makepyfile(test_app=TESTS + "    client.get('/eager')\n")
    before = baseline(pytester)["tests"]
    result = run(pytester, *UPDATE, "-k", "eager")
    result.assert_outcomes(passed=1, deselected=1)
    assert (
        "\nwrote query-baseline.json: 2 tests, 8 statements, 1 known finding; kept 1 test that did not run\n"
    ) in said(result)
    after = baseline(pytester)["tests"]
    assert after["test_app.py::test_lazy"] == before["test_app.py::test_lazy"]
    assert after["test_app.py::test_eager"]["GET /eager"]["statements"] == 4


def test_a_failed_test_is_not_written(pytester: pytest.Pytester) -> None:
    prepare(pytester, TESTS + "    raise ValueError('own')\n")
    result = run(pytester, *OPTION)
    result.assert_outcomes(passed=1, failed=1)
    assert [*baseline(pytester)["tests"]] == ["test_app.py::test_lazy"]
    assert "; took nothing from 1 test that failed\n" in said(result)


def test_a_run_without_results_writes_nothing(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    assert "query-baseline" not in said(run(pytester, *OPTION, "--collect-only"))
    shown = said(run(pytester, *OPTION, "-k", "nothing"))
    assert "\nquery-baseline.json was not written: no test was recorded\n" in shown
    assert not (pytester.path / "query-baseline.json").exists()


def test_a_run_that_stops_early_is_not_written(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_fails():\n    assert False\n" + TESTS)
    shown = said(run(pytester, *OPTION, "-x"))
    assert "\nquery-baseline.json was not written: the run was interrupted\n" in shown


def test_the_tests_own_failure_comes_with_what_grew(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_it(client):\n    client.get('/eager')\n")
    run(pytester, *OPTION)
    pytester.makepyfile(
        test_app="def test_it(client, query_guard):\n    with query_guard.assert_max_queries(2):\n"
        "        client.get('/eager')\n        client.get('/eager')\n"
    )
    shown = said(run(pytester, *OPTION))
    assert "AssertionError: expected at most 2 queries, got 4:" in shown
    assert "-\nexpected no more than query-baseline.json knows, got more:\n  GET /eager: 2 -> 4 statements\n" in shown


def test_off_neither_reads_nor_writes_it(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    run(pytester, *OPTION, "--query-guard=off").assert_outcomes(passed=2)
    assert not (pytester.path / "query-baseline.json").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "tests": {}}', '{"version": 1, "tests": {"a": {"b": 1}}}'])
def test_a_file_that_is_no_baseline_is_refused(pytester: pytest.Pytester, text: str) -> None:
    prepare(pytester)
    (pytester.path / "query-baseline.json").write_text(text)
    result = run(pytester, *OPTION)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --query-guard-baseline: *query-baseline.json must be a baseline that*"])


def test_an_update_needs_a_baseline(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--query-guard-update-baseline")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --query-guard-update-baseline needs --query-guard-baseline PATH, which was not given"]
    )


def test_the_baselines_and_reports_of_shards_are_merged(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    run(pytester, *OPTION, "--query-guard-report=whole.json")
    for shard in ("lazy", "eager"):
        files = (f"--query-guard-baseline={shard}.json", f"--query-guard-report={shard}-report.json")
        run(pytester, *files, "-k", shard).assert_outcomes(passed=1, deselected=1)
    here = pytester.path
    assert main(["merge", str(here / "merged.json"), str(here / "lazy.json"), str(here / "eager.json")]) == 0
    assert (here / "merged.json").read_text() == (here / "query-baseline.json").read_text()
    reports = [str(here / "lazy-report.json"), str(here / "eager-report.json")]
    assert main(["merge", str(here / "merged.md"), *reports]) == 0
    assert "## query_guard: 1 finding, 6 statements in 2 tests" in (here / "merged.md").read_text()


def test_what_cannot_be_merged_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "baseline.json").write_text('{"version": 1, "tests": {}}')
    (tmp_path / "report.json").write_text('{"version": "1", "baseline": null, "tests": []}')
    for sources, told in (
        (("baseline.json", "report.json"), "must all be baselines or all be reports, but there are some of each"),
        (("missing.json",), "missing.json must be a baseline or a report (.json) that query_guard wrote"),
    ):
        assert main(["merge", str(tmp_path / "out.json"), *(str(tmp_path / source) for source in sources)]) == 2
        assert told in capsys.readouterr().err
