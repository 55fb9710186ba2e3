"""--query-guard-report, and GitHub's annotations."""

from __future__ import annotations

import json

import pytest

from tests.pytest_plugin.application import BOOKS, TESTS, prepare, run, said

pytest_plugins = ["pytester"]


def test_a_report_is_written_in_each_format(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    paths = ("out/report.json", "report.sarif", "report.md")
    result = run(pytester, *(f"--query-guard-report={path}" for path in paths))
    result.assert_outcomes(passed=2)
    assert "-\nwrote report.json\nwrote report.sarif\nwrote report.md\n" in said(result)
    tests = json.loads((pytester.path / "out" / "report.json").read_text())["tests"]
    assert [(entry["test"], entry["outcome"]) for entry in tests] == [
        ("test_app.py::test_eager", "passed"),
        ("test_app.py::test_lazy", "passed"),
    ]
    assert tests[1]["routes"]["GET /lazy"]["statements"] == 4
    (finding,) = tests[1]["findings"]
    assert (finding["kind"], finding["route"], finding["file"]) == ("n_plus_one", "GET /lazy", "app.py")
    assert json.loads((pytester.path / "report.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "n_plus_one"
    assert "## query_guard: 1 finding, 6 statements in 2 tests" in (pytester.path / "report.md").read_text()


def test_the_markdown_holds_before_and_after(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_it(client):\n    client.get('/eager')\n")
    run(pytester, "--query-guard-baseline=query-baseline.json")
    pytester.makepyfile(test_app="def test_it(client):\n    client.get('/eager')\n    client.get('/eager')\n")
    run(pytester, "--query-guard-baseline=query-baseline.json", "--query-guard-report=report.md")
    assert (pytester.path / "report.md").read_text() == (
        "## query_guard: 0 findings, 4 statements in 1 test\n\n"
        "### Against query-baseline.json\n\n"
        "| test | route | what | before | after |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| test\\_app.py::test\\_it | GET /eager | statements | 2 | 4 |\n"
    )


@pytest.mark.parametrize("path", ["report.txt", "report", "report.html"])
def test_another_suffix_is_refused(pytester: pytest.Pytester, path: str) -> None:
    result = run(pytester, f"--query-guard-report={path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: --query-guard-report must end in .json, .sarif or .md, which '{path}' does not"]
    )


def test_a_report_that_cannot_be_written_fails_the_run(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    (pytester.path / "taken").write_text("a file")
    result = run(pytester, "--query-guard-report=taken/report.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "report.json could not be written: " in said(result)


def test_github_is_shown_the_lines(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(pytester)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    assert (
        f"\n::warning file={pytester.path.name}/app.py,line=32,title=n_plus_one on GET /lazy::Author.books was "
        f"loaded 3 times, once for each object of a loop: {BOOKS}%0Afix: Add "
        ".options(selectinload(Author.books)) to the select at app.py:N\n"
    ) in said(run(pytester))


def test_github_is_not_shown_what_the_baseline_knows(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(pytester, TESTS)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    run(pytester, "--query-guard-baseline=query-baseline.json")
    assert "::warning" not in said(run(pytester, "--query-guard-baseline=query-baseline.json"))
