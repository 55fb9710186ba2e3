"""Which files are test code: statements that they send themselves are counted, and not judged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

_FOLDERS = frozenset(("tests", "test", "testing"))
"""A folder of such a name is test code as a whole if a test or a conftest is in it."""
_TEMPLATE_OF_REVISIONS = "script.py.mako"
"""Alembic keeps it beside env.py, and the revisions in folders below."""


class TestCode:
    """The modules that pytest collected, the conftests, and all files below `testpaths` or in a folder of tests.

    Alembic's migrations are like test code: they have run for good, and a test that runs them does so to check them.
    """

    __test__ = False

    def __init__(self, root: Path, folders: Iterable[Path]) -> None:
        self._root = str(root)
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._answers: dict[str, bool] = {}
        for folder in folders:
            self._add_folder(str(folder))

    def add(self, file: str) -> None:
        """Add a module of tests or a conftest, and the folder of tests that contains it."""
        if file in self._files:
            return
        self._files.add(file)
        self._answers.clear()
        parts = os.path.relpath(file, self._root).split(os.sep)[:-1]
        for depth, name in enumerate(parts, 1):
            if name in _FOLDERS:
                self._add_folder(os.path.join(self._root, *parts[:depth]))
                break

    def _add_folder(self, folder: str) -> None:
        """Add a folder, unless it is the project's root or above it: the application is there, too."""
        inside = folder.rstrip(os.sep) + os.sep
        if not (self._root + os.sep).startswith(inside):
            self._folders.add(inside)

    def __call__(self, file: str) -> bool:
        is_test_code = self._answers.get(file)
        if is_test_code is None:
            is_test_code = self._answers[file] = (
                file in self._files or file.startswith(tuple(self._folders)) or _is_migration(file)
            )
        return is_test_code


def _is_migration(file: str) -> bool:
    """Tell whether Alembic runs a file: the env.py of an environment, or a revision in a folder below it."""
    folder = os.path.dirname(file)
    return any(
        os.path.isfile(os.path.join(place, _TEMPLATE_OF_REVISIONS)) for place in (folder, os.path.dirname(folder))
    )


def code_of_tests(session: pytest.Session) -> TestCode:
    """Return the test code of a run. Its tests must be collected, so that all conftests are loaded."""
    root = session.config.rootpath
    code = TestCode(root, [root / path for path in session.config.getini("testpaths")])
    files = [str(getattr(plugin, "__file__", None) or "") for plugin in session.config.pluginmanager.get_plugins()]
    for file in {str(item.path) for item in session.items}.union(
        file for file in files if os.path.basename(file) == "conftest.py"
    ):
        code.add(file)
    return code
