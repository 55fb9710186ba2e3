"""`query-guard fix`: a patch for what a report found, and what is left to people."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from query_guard.cli.main import main
from query_guard.document.source_files import hash_of
from tests.cli.serving import Server

pytestmark = pytest.mark.once

CODE = """\
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models import User


def users(session):
    return session.scalars(select(User)).all()
"""
MENDED = CODE.replace("import joinedload", "import joinedload, selectinload").replace(
    "select(User)", "select(User).options(selectinload(User.posts))"
)
PATCH = """\
--- a/crud.py
+++ b/crud.py
@@ -1,8 +1,8 @@
 from sqlalchemy import select
-from sqlalchemy.orm import joinedload
+from sqlalchemy.orm import joinedload, selectinload
 
 from models import User
 
 
 def users(session):
-    return session.scalars(select(User)).all()
+    return session.scalars(select(User).options(selectinload(User.posts))).all()
"""  # noqa: W293
FIX = "Add .options(selectinload(User.posts)) to the select at crud.py:8"


def git(*words: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a directory under git with one file, and stand in it."""
    monkeypatch.chdir(tmp_path)
    Path("crud.py").write_text(CODE)
    git("init", "--quiet")
    git("add", "crud.py")
    git("commit", "--quiet", "--message", "begin")
    return tmp_path


def finding(**others: Any) -> dict[str, Any]:
    edit = {"file": "crud.py", "line": 8, "hash": hash_of(CODE.encode())}
    return {
        "kind": "n_plus_one", "relationship": "User.posts", "file": "app.py", "line": 3, "function": "show",
        "fix": FIX, "remedy": "selectinload(User.posts)", "edit": edit, "remedy_suffices": True, **others,
    }  # fmt: skip


def run_file(*findings: dict[str, Any]) -> str:
    """Write the report of a run with two tests that found the same."""
    tests = [{"test": f"test_{name}", "routes": {}, "findings": list(findings)} for name in ("a", "b")]
    Path("report.json").write_text(json.dumps({"version": "0", "baseline": None, "tests": tests}))
    return "report.json"


def fixed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["fix", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_patch_is_printed_and_git_applies_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert fixed(capsys, run_file(finding())) == (0, PATCH, "")
    assert Path("crud.py").read_text() == CODE
    Path("fix.patch").write_text(PATCH)
    git("apply", "fix.patch")
    assert Path("crud.py").read_text() == MENDED


def test_it_is_applied_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert fixed(capsys, run_file(finding()), "--apply") == (0, PATCH, "")
    assert Path("crud.py").read_text() == MENDED


def test_the_last_line_may_have_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    Path("crud.py").write_text(CODE.rstrip("\n"))
    edit = {"file": "crud.py", "line": 8}
    _, patch, _ = fixed(capsys, run_file(finding(edit=edit)))
    Path("fix.patch").write_text(patch)
    git("apply", "fix.patch")
    assert Path("crud.py").read_text() == MENDED.rstrip("\n")


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda: Path("crud.py").write_text(CODE + "# a note\n"), "it has changes that are not committed"),
        (lambda: git("rm", "--cached", "--quiet", "crud.py"), "git does not know the file"),
    ],
    ids=["changed", "unknown"],
)
def test_a_file_that_git_could_not_restore_is_written_only_by_force(
    prepare: Any, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare()
    before = Path("crud.py").read_text()
    report = run_file(finding(edit={"file": "crud.py", "line": 8}))
    left = f"left: n_plus_one User.posts at app.py:3: crud.py was not written: {why}; commit it, or add --force\n"
    assert fixed(capsys, report, "--apply") == (1, "", left)
    assert Path("crud.py").read_text() == before
    assert fixed(capsys, report, "--apply", "--force")[0] == 0
    assert Path("crud.py").read_text() == before.replace(CODE, MENDED)


FAILED = {"outcome": "fails", "why": "another answer", "before": 3, "after": 3}


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"remedy": None}, f"by hand: {FIX}"),
        ({"edit": None}, f"by hand: {FIX}"),
        ({"tried": FAILED}, "its option was tried and fails: another answer"),
        (
            {"fix": f"{FIX} and read .posts instead of this select", "remedy_suffices": False},
            f"by hand, since the loop must change, too: {FIX} and read .posts instead of this select",
        ),
        (
            {"edit": {"file": "crud.py", "line": 8, "hash": "0" * 16}},
            "crud.py has changed since: send the request again, or run the tests again",
        ),
        (
            {"edit": {"file": "crud.py", "line": 8, "hash": None}},
            "crud.py was changed while the application ran: start it anew, and send the request again",
        ),
        (
            {"edit": {"file": "other.py", "line": 8}},
            "there is no file 'other.py' below this directory: run this where the application is started",
        ),
        (
            {"edit": {"file": "../crud.py", "line": 8}},
            "there is no file '../crud.py' below this directory: run this where the application is started",
        ),
        (
            {"edit": {"file": "crud.py", "line": 7}},
            "no call at line 7 sends a statement that can be told by its code",
        ),
    ],
)
def test_what_is_left_is_said_in_a_line(
    others: dict[str, Any], why: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.parent / "crud.py").write_text(CODE)
    assert fixed(capsys, run_file(finding(**others)), "--apply", "--force") == (
        1, "", f"left: n_plus_one User.posts at app.py:3: {why}\n",
    )  # fmt: skip
    assert Path("crud.py").read_text() == CODE


def test_an_option_that_is_there_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    Path("crud.py").write_text(MENDED)
    assert fixed(capsys, run_file(finding(edit={"file": "crud.py", "line": 8}))) == (
        1, "", "left: n_plus_one User.posts at app.py:3: its option is there already\n",
    )  # fmt: skip


def test_it_prints_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = fixed(capsys, run_file(finding(), finding(remedy=None)), "--json")
    left = [f"left: n_plus_one User.posts at app.py:3: by hand: {FIX}"]
    assert (code, err) == (1, "")
    assert json.loads(out) == {"patch": PATCH, "files": ["crud.py"], "written": False, "left": left}


def test_the_report_of_a_request_is_read_too(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.visit("/users?n=5")
    code, out, err = fixed(capsys, "latest", "--url", server.url)
    assert (code, out) == (1, "")
    assert err.startswith("left: n_plus_one at ")
    assert ": by hand: " in err
    assert main(["show", "latest", "--json", "--url", server.url]) == 0
    Path("shown.json").write_text(capsys.readouterr().out)
    assert fixed(capsys, "shown.json") == (code, out, err)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "expected a report in JSON in 'report.json', and it cannot be read: "),
        ("{", "expected a report in JSON in 'report.json', and it cannot be read: "),
        ("[]", "expected a report in 'report.json', and it holds a JSON list"),
        ("{}", "expected the report of a run in 'report.json', and it has no list 'tests'; "),
        ('{"tests": [{}]}', "expected a report as this version writes it in 'report.json', and a test in it lacks "),
    ],
)
def test_a_file_that_is_no_report_is_refused(content: str | None, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    if content is not None:
        Path("report.json").write_text(content)
    code, out, err = fixed(capsys, "report.json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"query_guard: {why}")


def test_without_libcst_it_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "sys.modules['libcst'] = None\n"
        "from query_guard.cli.main import main\n"
        f"sys.exit(main(['fix', {run_file(finding())!r}]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("query_guard: expected LibCST, which changes source files")
    assert ran.stderr.endswith("install fastapi-query-guard[fix]\n")
