"""`query-guard fix --apply`: a file that cannot be written is left, and said to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from query_guard.cli.main import main
from tests.cli.test_fix import CODE, PATCH, finding

pytestmark = pytest.mark.once

WHY = "[Errno 30] Read-only file system: 'crud.py'"


def test_a_file_that_cannot_be_written_is_left_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_file: Path, _content: bytes) -> int:
        raise OSError(30, "Read-only file system", "crud.py")

    monkeypatch.chdir(tmp_path)
    Path("crud.py").write_text(CODE)
    Path("report.json").write_text(json.dumps({"findings": [finding()]}))
    assert main(["fix", "report.json"]) == 0
    assert capsys.readouterr() == (PATCH, "")
    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert main(["fix", "report.json", "--apply", "--force"]) == 1
    assert capsys.readouterr() == (
        "",
        f"left: n_plus_one User.posts at app.py:3: crud.py was not written: {WHY}; commit it, or add --force\n",
    )
