"""Programs that tests need and that do not come with the environment."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str, package: str | None = None) -> str:
    """Return the path of a program of a Debian package, by default that of its name.

    Without it the test is skipped, or fails in CI, where it should be there.
    """
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if path is not None:
        return path
    missing = f"this test needs {name}: install the package {package or name}"
    if os.environ.get("CI"):
        pytest.fail(f"{missing}, or name it in .ci/run")
    pytest.skip(missing)
