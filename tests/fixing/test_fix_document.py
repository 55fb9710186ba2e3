"""What becomes of findings, as JSON: a diff for each file, and why some are left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from query_guard.document.source_files import hash_of
from query_guard.fixing.document import fix_document
from query_guard.fixing.process import NoDiff, fixes_of

CODE = """\
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from models import User


def users(session):
    return session.scalars(select(User)).all()


def newest(session):
    return session.scalar(select(User).order_by(User.id.desc()))
"""
DIFF = """\
--- a/crud.py
+++ b/crud.py
@@ -5,8 +5,8 @@
 
 
 def users(session):
-    return session.scalars(select(User)).all()
+    return session.scalars(select(User).options(selectinload(User.posts))).all()
 
 
 def newest(session):
-    return session.scalar(select(User).order_by(User.id.desc()))
+    return session.scalar(select(User).order_by(User.id.desc()).options(selectinload(User.company)))
"""  # noqa: W293


def finding(
    file: str = "crud.py", line: int = 8, remedy: str | None = "selectinload(User.posts)", **of_edit: Any
) -> Any:
    edit = {"file": file, "line": line, **of_edit}
    return {"fix": "Write another loop", "remedy": remedy, "edit": edit, "remedy_suffices": True, "tried": None}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("crud.py").write_text(CODE)
    return tmp_path


MIXED = [
    finding(),
    finding(remedy=None),
    finding(line=12, remedy="selectinload(User.company)", hash=hash_of(CODE.encode())),
    finding(hash="0" * 16),
]
FIXES: dict[str, Any] = {
    "changes": [{"file": "crud.py", "diff": DIFF, "findings": [0, 2]}],
    "left": [
        {"finding": 1, "why": "by hand: Write another loop"},
        {"finding": 3, "why": "crud.py has changed since: send the request again, or run the tests again"},
    ],
}


def test_each_file_has_a_diff_and_the_findings_that_it_fixes_and_others_are_left(project: Path) -> None:
    assert fix_document(MIXED, project) == FIXES
    assert (project / "crud.py").read_text() == CODE


def test_a_finding_alone_in_its_file_is_fixed_and_what_is_left_is_in_order(project: Path) -> None:
    lines = b"# -*- coding: latin-1 -*-\n" + CODE.replace("(User))", '(User), "\xe9")').encode("latin-1")
    Path("latin.py").write_bytes(lines)
    document = fix_document([finding("latin.py", 9), finding(), finding(remedy=None)], project)
    assert [(change["file"], change["findings"]) for change in document["changes"]] == [("crud.py", [1])]
    assert [left["finding"] for left in document["left"]] == [0, 2]


@pytest.mark.parametrize("digest", ["0" * 16, "f" * 16])
def test_a_finding_of_another_state_of_its_file_is_left(digest: str, project: Path) -> None:
    assert fix_document([finding(hash=digest)], project) == {
        "changes": [],
        "left": [{**FIXES["left"][1], "finding": 0}],
    }


def test_a_finding_whose_option_is_there_is_left_whatever_else_the_file_gets(project: Path) -> None:
    text = CODE.replace("(User))", "(User).options(selectinload(User.posts)))")
    Path("crud.py").write_text(text)
    findings = [finding(), finding(line=12, remedy="undefer(User.text)"), finding(remedy="joinedload(User.posts)")]
    document = fix_document(findings, project)
    assert [change["findings"] for change in document["changes"]] == [[1]]
    assert "joinedload" not in document["changes"][0]["diff"]
    assert document["left"] == [{"finding": number, "why": "its option is there already"} for number in (0, 2)]


def test_a_finding_that_two_tests_have_is_fixed_once(project: Path) -> None:
    (change,) = fix_document([finding(), finding()], project)["changes"]
    assert change["findings"] == [0, 1]
    assert change["diff"].count("selectinload(User.posts)") == 1


@pytest.mark.once
def test_another_process_makes_the_same() -> None:
    assert fixes_of(MIXED) == FIXES


def test_lines_that_are_not_utf_8_are_left(project: Path) -> None:
    Path("latin.py").write_bytes(
        b"# -*- coding: latin-1 -*-\n" + CODE.replace("(User))", '(User), "\xe9")').encode("latin-1")
    )
    why = "its file is not UTF-8, and JSON cannot carry its lines: `query-guard fix` prints the patch"
    assert fix_document([finding("latin.py", 9)], project) == {"changes": [], "left": [{"finding": 0, "why": why}]}


@pytest.mark.once
def test_without_libcst_the_process_says_what_to_install(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadowed(project, "libcst.py", "raise ImportError('gone')", monkeypatch)
    assert fixes_of([finding(remedy=None)])["changes"] == []
    with pytest.raises(NoDiff) as raised:
        fixes_of([finding()])
    assert str(raised.value) == (
        "expected LibCST, which changes source files, and it cannot be imported: gone; install fastapi-query-guard[fix]"
    )


@pytest.mark.once
def test_a_process_that_fails_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadowed(project, "libcst.py", "raise RuntimeError('broken')", monkeypatch)
    with pytest.raises(NoDiff) as raised:
        fixes_of([finding()])
    assert str(raised.value) == (
        "the process that makes the diff has failed: RuntimeError: broken; see what 'query-guard fix' says"
    )


@pytest.mark.once
def test_an_interpreter_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(NoDiff) as raised:
        fixes_of([finding()])
    assert str(raised.value) == (
        "the process that makes the diff has failed: [Errno 2] No such file or directory: '/nowhere/python'; "
        "see what 'query-guard fix' says"
    )


def shadowed(folder: Path, name: str, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a module before all others of its name in the path of new processes."""
    (folder / "first").mkdir()
    (folder / "first" / name).write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(folder / "first"), prepend=":")
