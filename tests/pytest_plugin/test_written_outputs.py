"""The files that a run writes, and what it says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from query_guard.pytest_plugin.outputs import write_outputs
from query_guard.pytest_plugin.settings import Settings
from query_guard.testing.baseline import Baseline, read_baseline
from query_guard.testing.tallies import Entry, Tally
from tests.runs import entry


def other(given: Entry, **fields: Any) -> Entry:
    return {**given, **fields}  # type: ignore[typeddict-item]  # fields of an entry


def sent(statements: int, **findings: int) -> Tally:
    return {"GET /users": {"statements": statements, "shapes": {}, "findings": findings}}


def written(settings: Settings, *entries: Entry, complete: bool = True) -> list[str]:
    lines: list[str] = []
    assert write_outputs(settings, [*entries], lines, complete=complete)
    return lines


ONE = other(entry("a"), routes=sent(1, loop=1))
TWO = other(entry("b"), routes=sent(2, loop=1, late=4))
FAILED = other(entry("c"), routes=sent(9), outcome="failed")


@pytest.mark.parametrize(
    ("entries", "known", "said", "tests"),
    [
        ([ONE], {}, "1 test, 1 statement, 1 known finding", {"a": sent(1, loop=1)}),
        ([TWO], {}, "1 test, 2 statements, 2 known findings", {"b": sent(2, loop=1, late=4)}),
        ([FAILED], {}, "0 tests, 0 statements, 0 known findings; took nothing from 1 test that failed", {}),
        (
            [ONE, FAILED, other(FAILED, test="d")],
            {"a": sent(7), "c": sent(5), "e": sent(3)},
            "3 tests, 9 statements, 1 known finding; kept 1 test that did not run; "
            "took nothing from 2 tests that failed",
            {"a": sent(1, loop=1), "c": sent(5), "e": sent(3)},
        ),
        ([other(ONE, routes={})], {"a": sent(1)}, "0 tests, 0 statements, 0 known findings", {}),
        ([other(ONE, outcome="skipped")], {"a": sent(4)}, "1 test, 4 statements, 0 known findings", {"a": sent(4)}),
    ],
)
def test_a_baseline_takes_what_tests_sent_that_passed_and_keeps_the_rest(
    entries: list[Entry], known: Baseline, said: str, tests: Baseline, tmp_path: Path
) -> None:
    file = tmp_path / "deep" / "below" / "known.json"
    assert written(Settings(baseline=file, known=known, update=True), *entries) == [f"wrote known.json: {said}"]
    assert read_baseline(file) == tests


@pytest.mark.parametrize(
    ("entries", "complete", "reason"),
    [
        ([], True, "no test was recorded"),
        ([other(ONE, recorded=False)], True, "no test was recorded"),
        ([ONE], False, "the run was interrupted"),
        ([], False, "the run was interrupted"),
    ],
)
def test_a_baseline_is_not_written_of_a_part_and_not_of_nothing(
    entries: list[Entry], complete: bool, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "known.json"
    assert written(Settings(baseline=file), *entries, complete=complete) == [f"known.json was not written: {reason}"]
    assert not file.exists()


def test_a_baseline_that_tests_are_held_to_is_left_and_reports_are_written_each(tmp_path: Path) -> None:
    reports = (tmp_path / "out" / "a" / "run.json", tmp_path / "run.md", tmp_path / "run.sarif")
    settings = Settings(baseline=tmp_path / "known.json", known={}, reports=reports)
    assert written(settings, ONE, complete=False) == ["wrote run.json", "wrote run.md", "wrote run.sarif"]
    assert all(report.stat().st_size for report in reports)
    assert not (tmp_path / "known.json").exists()


def test_a_file_that_cannot_be_written_is_said_and_the_others_are_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    reports = (tmp_path / "taken" / "run.json", tmp_path / "run.md")
    lines: list[str] = []
    assert not write_outputs(Settings(reports=reports), [ONE], lines, complete=True)
    assert lines[0].startswith(f"{reports[0]} could not be written: ")
    assert lines[1:] == ["wrote run.md"]
