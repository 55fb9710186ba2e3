"""What an edit has changed: which reports are compared, and what is kept of them over a restart."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from query_guard.history.changes import Changes, kept_changes
from query_guard.history.code_version import code_version
from query_guard.history.route_file import NOT_KEPT, RouteFile, file_of_application
from query_guard.own_errors import own_errors
from query_guard.records import CallSite, Change, Finding, Frame, LastingName, Report, TrialOf, Tried
from tests.reports import REQUEST, facts_of, statement

POSTS = LastingName("n_plus_one", "User.posts", "load_posts")
THEN = 1_700_000_000.0


def found(line: int = 31, **fields: Any) -> Finding:
    given: dict[str, Any] = {
        "kind": "n_plus_one",
        "severity": "warning",
        "summary": "It ran often",
        "fix": "Mend it",
        "relationship": "User.posts",
        "site": CallSite(line, (Frame("crud.py", line, "load_posts", 28),), "", False),
    }
    return Finding(**{**given, **fields})


def report(statements: int, *findings: Finding, at: float = THEN, **request: Any) -> Report:
    rows = [statement(number) for number in range(1, statements + 1)]
    return Report("id", at, facts_of(*rows, request=REQUEST._replace(**request)), findings)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "changes-0.json"


class Code:
    """A process with this code, which shares the file with the others."""

    def __init__(self, path: Path | None, version: str) -> None:
        self.changes = Changes(RouteFile(path), version)

    def __call__(self, *given: Any, **fields: Any) -> Change | None:
        return self.changes.of(report(*given, **fields))


def test_a_report_is_held_against_the_last_one_of_the_former_code(path: Path) -> None:
    former, mended = Code(path, "1"), Code(path, "2")
    assert former(7, found()) is None
    assert former(101, found(), at=THEN + 5) is None
    expected = Change(THEN + 5, 101, 2, gone=(POSTS,))
    assert mended(2, at=THEN + 10) == expected
    assert mended(2, at=THEN + 20) == expected
    assert Code(path, "2")(3, at=THEN + 30) == expected._replace(after=3)
    assert Code(path, "3")(101, found(), at=THEN + 40) == Change(THEN + 30, 3, 101, new=(POSTS,))


def test_a_finding_that_only_moved_to_another_line_is_the_same(path: Path) -> None:
    Code(path, "1")(5, found(31))
    change = Code(path, "2")(5, found(47))
    assert change == Change(THEN, 5, 5)
    assert not change.is_any


def test_of_equal_findings_only_those_that_went_are_gone(path: Path) -> None:
    Code(path, "1")(5, found(31), found(40), found(50))
    assert Code(path, "2")(5, found(31)) == Change(THEN, 5, 5, gone=(POSTS, POSTS))


def test_what_stood_below_its_cause_is_not_new_by_itself(path: Path) -> None:
    cause = found(relationship=None, effects=(found(),))
    Code(path, "1")(5, cause)
    assert Code(path, "2")(5, found()) == Change(THEN, 5, 5, gone=(POSTS._replace(relationship=None),))
    assert Code(path, "3")(5, cause) == Change(THEN, 5, 5, new=(POSTS._replace(relationship=None),))


def test_information_is_neither_gone_nor_new(path: Path) -> None:
    Code(path, "1")(5, found(severity="info"))
    assert Code(path, "2")(5) == Change(THEN, 5, 5)


@pytest.mark.parametrize(
    "failure", [{"status": 400}, {"status": 500}, {"exception": "ValueError"}, {"cancelled": True}]
)
def test_a_request_that_failed_is_not_called_mended(failure: dict[str, Any], path: Path) -> None:
    Code(path, "1")(101, found())
    broken = Code(path, "2")
    assert broken(1, **failure) is None
    assert broken(2) == Change(THEN, 101, 2, gone=(POSTS,))
    assert broken(1, **failure) is None
    assert Code(path, "3")(2) == Change(THEN, 2, 2)


@pytest.mark.parametrize("status", [None, 204, 304, 399])
def test_any_other_answer_is_compared(status: int | None, path: Path) -> None:
    Code(path, "1")(101, found(), status=status)
    assert Code(path, "2")(2, status=status) == Change(THEN, 101, 2, gone=(POSTS,))


def test_a_failure_with_a_finding_is_compared_with_where_nothing_has_succeeded_yet(path: Path) -> None:
    Code(path, "1")(1, status=404)
    assert Code(path, "2")(1, found(), status=500) is None
    assert Code(path, "3")(2) == Change(THEN, 1, 2, gone=(POSTS,))


def test_a_failure_with_a_finding_is_passed_over_where_another_process_has_succeeded(path: Path) -> None:
    Code(path, "1")(101, found())
    assert Code(path, "2")(1, found(), status=500) is None
    assert Code(path, "3")(2) == Change(THEN, 101, 2, gone=(POSTS,))


@pytest.mark.parametrize(
    "fields", [{"kind": "websocket"}, {"kind": "block"}, {"route": None}, {"route": "/" + "x" * 300}]
)
def test_only_requests_of_a_route_are_compared(fields: dict[str, Any], path: Path) -> None:
    Code(path, "1")(101, **fields)
    assert Code(path, "2")(2, **fields) is None
    assert not path.exists()


@pytest.mark.parametrize(("length", "is_kept"), [(295, True), (296, False)])
def test_a_route_has_a_name_of_three_hundred_characters_at_most(length: int, is_kept: bool, path: Path) -> None:
    Code(path, "1")(101, route="/".ljust(length, "x"))
    assert [len(name) for name in RouteFile(path).read()] == ([300] if is_kept else [])


def test_a_request_that_was_not_sampled_is_not_compared(path: Path) -> None:
    Code(path, "1")(101, found())
    assert Code(path, "2").changes.of(replace(report(101), sampled=False)) is None


def test_routes_of_one_name_in_two_applications_are_two(path: Path) -> None:
    Code(path, "1")(101, endpoint=Frame("shop.py", 3, "index", 3))
    assert Code(path, "2")(2, endpoint=Frame("admin.py", 3, "index", 3)) is None
    assert Code(path, "2")(2, endpoint=Frame("shop.py", 9, "index", 9)) == Change(THEN, 101, 2)


def test_two_processes_of_one_code_read_what_the_other_has_written(path: Path) -> None:
    former, one, other = Code(path, "1"), Code(path, "2"), Code(path, "2")
    one(1, route="/orders")
    former(101)
    assert one(2) == other(2) == Change(THEN, 101, 2)


def test_the_file_is_written_once_a_second_when_something_differs_and_once_a_minute(path: Path) -> None:
    code = Code(path, "1")

    def writes(statements: int, at: float) -> bool:
        before = path.stat().st_ino
        code(statements, at=at)
        return path.stat().st_ino != before

    code(5)
    assert not writes(6, THEN + 0.99)
    assert writes(6, THEN + 1)
    assert not writes(6, THEN + 60)
    assert writes(6, THEN + 61)


def test_this_user_alone_can_read_the_file_and_it_holds_no_values(path: Path) -> None:
    Code(path, "1")(1, found(summary="SELECT 'secret'"), path="/users/secret", route="/users/{id}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert path.read_text() == (
        '{"routes":{"GET /users/{id} ":[["1",1700000000.0,1,true,[["n_plus_one","User.posts","load_posts"]],[]],null]}}'
    )


def test_it_holds_two_hundred_routes_and_thirty_findings_of_each(path: Path) -> None:
    code = Code(path, "1")
    for number in range(201):
        code(1, *[found()] * 31, route=f"/{number}", at=THEN + number)
    routes = RouteFile(path).read()
    assert [*routes] == [f"GET /{number} " for number in range(1, 201)]
    assert {len(each.last.findings) for each in routes.values()} == {30}


def test_of_other_applications_nineteen_files_stay(path: Path) -> None:
    path.parent.mkdir()
    for number in range(25):
        other = path.parent / f"changes-other{number}.json"
        other.touch()
        os.utime(other, (number, number))
    Code(path, "1")(1)
    left = sorted(int(each.stem.removeprefix("changes-other")) for each in path.parent.glob("changes-other*"))
    assert left == list(range(6, 25))
    assert path.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"routes": 1}', '{"routes": {"a": [[1, 2], null]}}', "[" * 100_000])
def test_a_file_that_says_something_else_says_nothing(text: str, path: Path) -> None:
    path.parent.mkdir()
    path.write_text(text)
    assert Code(path, "1")(101) is None
    assert Code(path, "2")(2) == Change(THEN, 101, 2)


def test_a_pipe_in_its_place_does_not_block(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    assert Code(path, "1")(101) is None


def test_where_it_cannot_be_written_changes_are_known_while_the_process_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query_guard.own_errors._logged", set())
    before = own_errors()
    (tmp_path / "file").touch()
    file = RouteFile(tmp_path / "file" / "changes-0.json")
    Changes(file, "1").of(report(101))
    Changes(file, "1").of(report(100, at=THEN + 1))
    assert Changes(file, "2").of(report(2)) == Change(THEN + 1, 100, 2)
    assert [NOT_KEPT in record.getMessage() for record in caplog.records] == [True]
    assert own_errors(before) == {}, "the guard's numbers are right all the same"


def test_an_unfinished_file_is_taken_away_where_the_disk_is_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    Code(path, "1")(1)
    assert list(path.parent.iterdir()) == []


def test_the_code_is_another_one_when_a_file_of_any_imported_module_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "crud.py"
    file.touch()
    os.utime(file, ns=(2**62, 2**62))
    module = ModuleType("crud_of_this_test")
    module.__file__ = str(file)
    before = code_version()
    monkeypatch.setitem(sys.modules, "crud_of_this_test", module)
    assert before != code_version() == str(2**62)
    file.unlink()
    assert code_version() == before


def test_in_a_test_run_nothing_is_kept() -> None:
    assert kept_changes() is None


def test_the_file_is_in_the_state_directory_one_for_each_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    here = file_of_application()
    monkeypatch.chdir(tmp_path)
    assert here.parent == file_of_application().parent
    assert here != file_of_application()


def test_a_report_with_a_fix_in_place_is_neither_compared_nor_kept(path: Path) -> None:
    tried = report(2, at=THEN + 1)
    tried.trial = TrialOf("first", Tried(101, 2, "works"))
    Code(path, "1")(101, found())
    assert [Code(path, version).changes.of(tried) for version in "12"] == [None, None]
    assert Code(path, "3")(101, found(), at=THEN + 2) == Change(THEN, 101, 101)
