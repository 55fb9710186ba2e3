"""`query-guard report` and `query-guard diff`: runs of pytest as Markdown tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from query_guard.cli.main import main


def found(relationship: str, line: int = 31) -> dict[str, Any]:
    return {
        "kind": "n_plus_one", "relationship": relationship, "function": "users", "route": "GET /users",
        "place": f"crud.py:{line}",
    }  # fmt: skip


def entry(test: str, statements: int, *findings: dict[str, Any], route: str = "GET /users") -> dict[str, Any]:
    tally = {"statements": statements, "shapes": {}, "findings": {}}
    return {"test": test, "routes": {route: tally}, "findings": list(findings)}


def written(path: Path, *entries: dict[str, Any]) -> str:
    path.write_text(json.dumps({"version": "0", "baseline": None, "tests": entries}))
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    code = main(words)
    return code, capsys.readouterr().out.splitlines()


HEAD = ["| route | statements before | after | new findings | gone |", "| --- | --- | --- | --- | --- |"]


def test_a_run_is_a_table_of_its_routes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = written(
        tmp_path / "run.json",
        entry("test_a", 5, found("User.posts")),
        entry("test_b", 6, found("User.posts")),
        entry("test_c", 1, route="GET /"),
    )
    assert printed(capsys, "report", run) == (
        0,
        [
            "| route | tests | statements | findings |",
            "| --- | --- | --- | --- |",
            "| GET / | 1 | 1 |  |",
            "| GET /users | 2 | 11 | n\\_plus\\_one User.posts at crud.py:31 |",
        ],
    )
    assert printed(capsys, "report", written(tmp_path / "none.json")) == (0, ["No statement was recorded."])


def test_a_finding_is_gone_where_its_test_ran_again_and_lines_may_move(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path / "old.json", entry("test_a", 12, found("User.posts"), found("User.team")))
    new = written(tmp_path / "new.json", entry("test_a", 2, found("User.team", 40)), entry("test_new", 50))
    assert printed(capsys, "diff", old, new) == (
        0, [*HEAD, "| GET /users | 12 | 2 |  | n\\_plus\\_one User.posts at crud.py:31 |"],
    )  # fmt: skip
    elsewhere = written(tmp_path / "elsewhere.json", entry("test_new", 50))
    assert printed(capsys, "diff", old, elsewhere) == (0, ["Nothing has changed."])


def test_a_new_finding_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    words = written(old, entry("test_a", 2)), written(new, entry("test_a", 12, found("User.posts")))
    assert printed(capsys, "diff", *words) == (
        1, [*HEAD, "| GET /users | 2 | 12 | n\\_plus\\_one User.posts at crud.py:31 |  |"],
    )  # fmt: skip
    assert printed(capsys, "diff", str(new), str(new)) == (0, ["Nothing has changed."])
    assert printed(capsys, "diff", str(old), str(tmp_path / "missing.json"))[0] == 2


@pytest.mark.parametrize(("before", "after"), [(5, 2), (2, 5), (0, 1), (1, 0)])
def test_another_number_of_statements_is_a_change_and_no_reason_to_fail(
    before: int, after: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (
        written(
            tmp_path / f"{name}.json", entry("test_a", number, found("User.posts")), entry("test_b", 1, route="GET /")
        )
        for name, number in (("old", before), ("new", after))
    )
    assert printed(capsys, "diff", old, new) == (0, [*HEAD, f"| GET /users | {before} | {after} |  |  |"])


def test_a_finding_that_is_gone_is_a_change_without_a_number_that_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path / "old.json", entry("test_a", 2, found("User.team"), found("User.posts")))
    new = written(tmp_path / "new.json", entry("test_a", 2))
    named = "n\\_plus\\_one User.posts at crud.py:31, n\\_plus\\_one User.team at crud.py:31"
    assert printed(capsys, "diff", old, new) == (0, [*HEAD, f"| GET /users | 2 | 2 |  | {named} |"])
    assert printed(capsys, "diff", new, old) == (1, [*HEAD, f"| GET /users | 2 | 2 | {named} |  |"])


def test_a_finding_without_a_relationship_has_its_kind_and_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = {"kind": "pool_wait", "route": "GET /pool", "place": "crud.py:3"}
    _, rows = printed(capsys, "report", written(tmp_path / "run.json", entry("test_a", 1, bare, found("User.posts"))))
    assert rows[2:] == [
        "| GET /pool | 0 | 0 | pool\\_wait at crud.py:3 |",
        "| GET /users | 1 | 1 | n\\_plus\\_one User.posts at crud.py:31 |",
    ]
