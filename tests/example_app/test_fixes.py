"""`query-guard fix --apply` on a copy of this application: its missing loader options are put in, and are the fix."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from example_app.core.settings import Settings, async_url
from example_app.db.migrating import migrate
from tests.example_app.conftest import fill

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("loader_findings.py")
FILES = {f"example_app/routers/anti_patterns/{name}.py" for name in ("comments", "posts", "users")}


def run(directory: Path, *words: str) -> str:
    """Run Python in a directory whose packages come before those of the project."""
    path = os.pathsep.join([str(directory), str(ROOT / "src")])
    ran = subprocess.run(
        [sys.executable, *words],
        cwd=directory, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def visit(directory: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what was found, and the answers."""
    run(directory, str(DRIVER), "app.db", "report.json", "answers.json")
    found = json.loads((directory / "report.json").read_text())["findings"]
    answers = json.loads((directory / "answers.json").read_text())
    return found, answers


def test_each_missing_option_is_put_in_and_the_answers_stay(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "example_app", tmp_path / "example_app", ignore=shutil.ignore_patterns("__pycache__"))
    url = async_url(f"sqlite:///{tmp_path / 'app.db'}")
    asyncio.run(migrate(url))
    asyncio.run(fill(Settings(database_url=url)))
    found, answers = visit(tmp_path)
    assert [(one["kind"], one["relationship"]) for one in found] == [
        ("n_plus_one", "User.posts"),
        ("n_plus_one", "Post.author"),
        ("n_plus_one", "Comment.author"),
        ("missing_greenlet", "Comment.author"),
        ("unloaded_attribute", "Comment.author"),
    ]
    patch = run(tmp_path, "-m", "query_guard", "fix", "report.json", "--apply", "--force")
    assert {line[6:] for line in patch.splitlines() if line.startswith("+++ b/")} == FILES
    mended, same = visit(tmp_path)
    assert mended == []
    assert {path: same[path] for path in answers if answers[path] is not None} == {
        path: answer for path, answer in answers.items() if answer is not None
    }
    assert None not in same.values()
