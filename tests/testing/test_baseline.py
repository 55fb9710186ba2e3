"""The baseline as data: reading, comparing, writing."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.testing.baseline import Baseline, baseline_text, compared, grown, read_baseline, shrunk
from query_guard.testing.tallies import RouteTally


def tally(statements: int, **findings: int) -> RouteTally:
    return {"statements": statements, "shapes": {"SELECT 1": statements}, "findings": findings}


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    baseline: Baseline = {"b": {"GET /b": tally(2, loop=1)}, "a": {"GET /ä": tally(0)}}
    path = tmp_path / "query-baseline.json"
    path.write_text(baseline_text(baseline), encoding="utf-8")
    assert read_baseline(path) == baseline
    assert path.read_text(encoding="utf-8").index('"a"') < path.read_text(encoding="utf-8").index('"b"')


def test_a_missing_file_is_no_baseline_yet(tmp_path: Path) -> None:
    assert read_baseline(tmp_path / "none.json") is None


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="could not be read"):
        read_baseline(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="could not be read"):
        read_baseline(tmp_path / "latin")


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '{"version": 0, "tests": {}}',
        '{"version": 1, "tests": []}',
        '{"version": 1, "tests": {"a": {"GET /": {"statements": "many", "shapes": {}, "findings": {}}}}}',
        '{"version": 1, "tests": {"a": {"GET /": {"statements": 1}}}}',
    ],
)
def test_what_is_no_baseline_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "query-baseline.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        ValueError, match="must be a baseline that query_guard wrote, version 1, but it is none .*restore"
    ):
        read_baseline(path)


def test_numbers_that_differ_are_changes() -> None:
    before = {"GET /a": tally(2, loop=2), "GET /gone": tally(1), "GET /same": tally(1)}
    after = {"GET /a": tally(3, loop=1, slow=1), "GET /same": tally(1)}
    changes = compared(before, after)
    assert changes == [
        {"route": "GET /a", "what": "statements", "before": 2, "after": 3},
        {"route": "GET /a", "what": "loop", "before": 2, "after": 1},
        {"route": "GET /a", "what": "slow", "before": 0, "after": 1},
        {"route": "GET /gone", "what": "statements", "before": 1, "after": 0},
    ]
    assert [change["what"] for change in grown(changes)] == ["statements", "slow"]
    assert [change["route"] for change in shrunk(changes)] == ["GET /a", "GET /gone"]


@pytest.mark.parametrize("before", [None, {}, {"GET /other": tally(0)}])
@pytest.mark.parametrize("finding", ["n_plus_one", "unused_eager_load"])
def test_what_it_does_not_know_has_no_number_to_exceed(before: dict[str, RouteTally] | None, finding: str) -> None:
    new_finding = {"route": "GET /new", "what": finding, "before": 0, "after": 3}
    assert compared(before, {"GET /new": tally(9, **{finding: 3}), **(before or {})}) == [new_finding]


def test_a_route_that_sent_nothing_and_does_now_has_grown() -> None:
    assert compared({"GET /a": tally(0)}, {"GET /a": tally(1)}) == [
        {"route": "GET /a", "what": "statements", "before": 0, "after": 1}
    ]
