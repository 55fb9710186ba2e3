"""Which files are test code: what seeds and looks things up there is counted, and not judged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

_FOLDERS = frozenset(("tests", "test", "testing"))
"""Names of folders that hold nothing but tests, where one of the tests or a conftest lies in them."""


class TestCode:
    """The modules that pytest collected, its conftests, and what lies below `testpaths` or in a folder of tests."""

    __test__ = False

    def __init__(self, root: Path, folders: Iterable[Path]) -> None:
        self._root = str(root)
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._known: dict[str, bool] = {}
        for folder in folders:
            self._add_folder(str(folder))

    def add(self, file: str) -> None:
        """Count a module of tests or a conftest among test code, and the folder of tests that it lies in."""
        if file in self._files:
            return
        self._files.add(file)
        self._known.clear()
        parts = os.path.relpath(file, self._root).split(os.sep)[:-1]
        for depth, name in enumerate(parts, 1):
            if name in _FOLDERS:
                self._add_folder(os.path.join(self._root, *parts[:depth]))
                break

    def _add_folder(self, folder: str) -> None:
        """The root of the project is no folder of tests: the application lies below it, too."""
        if not self._root.startswith(folder.rstrip(os.sep)):
            self._folders.add(folder.rstrip(os.sep) + os.sep)

    def __call__(self, file: str) -> bool:
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = file in self._files or file.startswith(tuple(self._folders))
        return known


def code_of_tests(session: pytest.Session) -> TestCode:
    """Return the test code of a run whose tests are collected, when all its conftests are loaded."""
    root = session.config.rootpath
    code = TestCode(root, [root / path for path in session.config.getini("testpaths")])
    files = [str(getattr(plugin, "__file__", None) or "") for plugin in session.config.pluginmanager.get_plugins()]
    for file in {str(item.path) for item in session.items}.union(
        file for file in files if os.path.basename(file) == "conftest.py"
    ):
        code.add(file)
    return code
