"""A run as JSON: what to mend first comes first, with all that it did in the whole suite."""

from __future__ import annotations

import json
from pathlib import Path

from query_guard.testing.merging import merged
from query_guard.testing.outputs.data import data
from tests.runs import entry, run_of, told

CALLER = {"file": "app/routers/users.py", "line": 12, "function": "list_users"}
OTHER = {"file": "app/routers/posts.py", "line": 7, "function": "list_posts"}


def test_causes_come_in_the_order_of_what_mending_them_saves_in_the_whole_suite() -> None:
    few = told(place="app/few.py:1", saves=3, times=9, count=4)
    much = told(saves=20)
    again = told(saves=20, route="GET /posts", callers=[CALLER, OTHER])
    run = run_of(entry("a", few), entry("b", much), entry("c", much, again))
    written = json.loads(data(run))
    assert {**written, "causes": []} == {**run, "causes": []}
    assert [
        {name: cause[name] for name in ("place", "times", "saves", "routes", "tests", "callers")}
        for cause in written["causes"]
    ] == [
        {
            "place": "app/crud.py:31",
            "times": 3,
            "saves": 60,
            "routes": ["GET /users", "GET /posts"],
            "tests": ["b", "c"],
            "callers": [CALLER, OTHER],
        },
        {
            "place": "app/few.py:1",
            "times": 9,
            "saves": 27,
            "routes": ["GET /users"],
            "tests": ["a"],
            "callers": [CALLER],
        },
    ]
    assert {name for cause in written["causes"] for name in cause} == {*told(), "routes", "tests"} - {"route"}


def test_the_causes_of_shards_are_those_of_the_whole_suite(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(data(run_of(entry(name, told()))))
    whole = json.loads(merged(tmp_path / "all.json", [tmp_path / "a.json", tmp_path / "b.json"]))
    assert [(cause["saves"], cause["tests"]) for cause in whole["causes"]] == [(18, ["a", "b"])]


def test_the_names_in_a_report_are_sorted_so_that_two_reports_can_be_compared_line_by_line() -> None:
    written = json.loads(data(run_of(entry("a", told()))))
    for part in (written, written["tests"][0], written["causes"][0]):
        assert list(part) == sorted(part)
