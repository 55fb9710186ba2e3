"""What the shards of a suite wrote, put together: baselines and reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from query_guard.testing.baseline import Baseline, baseline_text, read_baseline
from query_guard.testing.merging import merged
from query_guard.testing.outputs.data import data
from query_guard.testing.tallies import Run, Tally
from tests.runs import entry, run_of, told


def sent(statements: int) -> Tally:
    return {"GET /users": {"statements": statements, "shapes": {"SELECT 1": statements}, "findings": {}}}


def baselines(folder: Path, *contents: Baseline) -> list[Path]:
    files = [folder / f"baseline-{number}.json" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_text(baseline_text(content))
    return files


def reports(folder: Path, *runs: Run) -> list[Path]:
    files = [folder / f"report-{number}.json" for number in range(len(runs))]
    for file, run in zip(files, runs, strict=True):
        file.write_text(data(run))
    return files


def test_a_test_in_several_baselines_is_that_of_the_last(tmp_path: Path) -> None:
    files = baselines(tmp_path, {"a": sent(1), "b": sent(2)}, {"b": sent(3), "c": sent(4)}, {})
    whole = tmp_path / "whole.json"
    whole.write_text(merged(whole, files))
    assert read_baseline(whole) == {"a": sent(1), "b": sent(3), "c": sent(4)}


def test_a_test_in_several_reports_is_that_of_the_last_and_the_rest_is_that_of_the_first(tmp_path: Path) -> None:
    first = run_of(entry("b", statements=1), entry("c", told()), baseline="known.json")
    later: Run = {**run_of(entry("b", statements=2), entry("a")), "version": "9"}
    whole = json.loads(merged(tmp_path / "whole.json", reports(tmp_path, first, later)))
    assert [(one["test"], one["routes"]["GET /users"]["statements"]) for one in whole["tests"]] == [
        ("a", 3), ("b", 2), ("c", 3),
    ]  # fmt: skip
    assert (whole["version"], whole["baseline"]) == ("1.2.3", "known.json")


@pytest.mark.parametrize(
    ("suffix", "begin"), [(".md", "## query_guard: 1 finding, "), (".sarif", '{\n  "$schema": '), (".json", "{\n  ")]
)
def test_reports_are_merged_in_each_format(suffix: str, begin: str, tmp_path: Path) -> None:
    text = merged(tmp_path / f"whole{suffix}", reports(tmp_path, run_of(entry("a", told())), run_of()))
    assert text.startswith(begin)
    assert text.endswith("\n")


@pytest.mark.parametrize("suffix", [".md", ".sarif"])
def test_baselines_are_merged_into_a_baseline_alone(suffix: str, tmp_path: Path) -> None:
    target = tmp_path / f"whole{suffix}"
    with pytest.raises(ValueError, match="merged baselines must end in .json, which .* does not"):
        merged(target, baselines(tmp_path, {"a": sent(1)}))


@pytest.mark.parametrize("name", ["whole.txt", "whole", "whole.JSON"])
def test_another_format_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the merged file must end in .json, .sarif or .md, which .* does not"):
        merged(tmp_path / name, reports(tmp_path, run_of(entry("a"))))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ("{}", "KeyError"),
        ('{"tests": 3}', "its tests are neither"),
        (None, "FileNotFoundError"),
    ],
)
def test_what_is_neither_is_refused_with_the_reason(text: str | None, why: str, tmp_path: Path) -> None:
    file = tmp_path / "shard.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ValueError, match=r"shard\.json must be a baseline or a report \(\.json\) .* none: ") as raised:
        merged(tmp_path / "whole.json", [file])
    assert why in str(raised.value)


def test_some_of_each_are_refused(tmp_path: Path) -> None:
    files = [*baselines(tmp_path, {"a": sent(1)}), *reports(tmp_path, run_of(entry("a")))]
    with pytest.raises(ValueError, match="all be baselines or all be reports, but there are some of each"):
        merged(tmp_path / "whole.json", files)
