"""Where a user's servers keep what they share, on each system."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from query_guard.user_state import is_test_run, state_directory, without_waiting


@pytest.mark.parametrize(
    ("platform", "below_home"),
    [("linux", ".local/state"), ("darwin", "Library/Application Support"), ("win32", "AppData/Local")],
)
@pytest.mark.parametrize("relative", ["", "state", "./state"])
def test_without_an_absolute_path_in_the_environment_it_is_below_the_users_home(
    platform: str, below_home: str, relative: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, relative)
    assert state_directory(platform) == tmp_path / below_home / "query_guard"


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", "XDG_STATE_HOME"), ("darwin", "XDG_STATE_HOME"), ("win32", "LOCALAPPDATA")]
)
def test_an_absolute_path_in_the_environment_counts(
    platform: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for other in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(other, str(tmp_path / "other"))
    monkeypatch.setenv(name, str(tmp_path))
    assert state_directory(platform) == tmp_path / "query_guard"


def test_a_file_is_opened_as_asked(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w", opener=without_waiting) as file:
        file.write("kept")
    with open(tmp_path / "file", opener=without_waiting) as file:
        assert file.read() == "kept"
        assert os.stat(file.fileno()).st_size == 4


@pytest.mark.parametrize(("package", "is_one"), [("unittest", True), ("uvicorn", False), (None, False)])
def test_unittest_is_a_test_run_too(package: str | None, is_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    main = ModuleType("__main__")
    main.__package__ = package
    assert is_test_run()
    monkeypatch.delitem(sys.modules, "pytest")
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert is_test_run() == is_one
