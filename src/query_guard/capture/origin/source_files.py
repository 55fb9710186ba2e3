"""The kind of each source file: the application's, a library's, or one at which the application's frames end."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache
from types import CodeType
from typing import Any

LIBRARY, APPLICATION = "library", "application"
"""Kinds of files; any other kind is a boundary and names itself."""
TASK = "task"
"""The boundary at which the stack of a task, or of a thread of a pool, ends."""

_BOUNDARIES = {
    os.path.join("fastapi", "routing.py"): "router",
    os.path.join("starlette", "routing.py"): "router",
    os.path.join("litestar", "routes", "http.py"): "router",
    os.path.join("litestar", "routes", "websocket.py"): "router",
    os.path.join("starlette", "background.py"): "background",
    os.path.join("starlette", "responses.py"): "response",
    os.path.join("query_guard", "middleware.py"): "middleware",
    os.path.join("asyncio", "events.py"): TASK,
    os.path.join("asyncio", "base_events.py"): TASK,
    os.path.join("asyncio", "runners.py"): TASK,
    os.path.join("concurrent", "futures", "thread.py"): TASK,
    os.path.join("_pytest", "python.py"): "test",
    os.path.join("unittest", "case.py"): "test",
}
_FRAMEWORKS = frozenset(("fastapi", "starlette"))
"""They have endpoints of their own, for documentation, but stay libraries."""
_PACKAGE = os.path.dirname(sys.modules["query_guard"].__file__ or "") + os.sep
_SQLALCHEMY = f"{os.sep}sqlalchemy{os.sep}"
_INTERACTIVE = ("<stdin>", "<ipython", "<console>", "<python-input")
_PYTHON = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "scripts")]
_PYTHONS_OWN = tuple({path + os.sep for path in (*_PYTHON, *map(os.path.realpath, _PYTHON))})
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

_MAX_FILES = 4_000
"""The most files that are kept: generated code may have a new file name each time."""
_LONGEST_NAME = 1_000
KINDS: dict[str, str] = {}
_installed_applications: set[str] = set()


def kind_of(file: str) -> str:
    kind = KINDS.get(file)
    if kind is None:
        kind = _classify(file)
        if len(file) <= _LONGEST_NAME:
            if len(KINDS) >= _MAX_FILES:
                KINDS.clear()
            KINDS[file] = kind
    return kind


def _classify(file: str) -> str:
    for ending, boundary in _BOUNDARIES.items():
        if file.endswith(os.sep + ending):
            return boundary
    if file.startswith("<"):
        return APPLICATION if file.startswith(_INTERACTIVE) else LIBRARY
    if any(file.startswith(root) for root in _installed_applications):
        return APPLICATION
    if file.startswith((_PACKAGE, *_PYTHONS_OWN)) or any(folder in file for folder in _INSTALLED):
        return LIBRARY
    return APPLICATION


def name_of_call(code: CodeType) -> str:
    """Return the name of a function where it is one of SQLAlchemy's that applications may have called."""
    return code.co_name if _SQLALCHEMY in code.co_filename and not code.co_name.startswith("<") else ""


def allow_package_of(function: Any) -> None:
    """Treat the root package of an endpoint as the application, also if it is in site-packages."""
    name = (getattr(function, "__module__", None) or "").partition(".")[0]
    root = sys.modules.get(name)
    file = getattr(root, "__file__", None)
    if name in _FRAMEWORKS or not file or not any(folder in file for folder in _INSTALLED):
        return
    is_package = hasattr(root, "__path__")
    path = os.path.dirname(file) + os.sep if is_package else file
    if path not in _installed_applications:
        _installed_applications.add(path)
        KINDS.clear()


@lru_cache(maxsize=1_000)
def shown_path(file: str) -> str:
    """Return a path relative to the working directory, or else to the import root; never raises.

    The directory may be deleted, and `sys.path` may hold objects that are no text; Python ignores those, too.
    """
    directory = _working_directory()
    if directory is not None and _lies_under(file, directory):
        return _inside(file, directory)
    roots = [root for root in tuple(sys.path) if isinstance(root, str) and root and _lies_under(file, root)]
    return _inside(file, max(roots, key=len)) if roots else file


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _lies_under(file: str, root: str) -> bool:
    return file.startswith(root.rstrip(os.sep) + os.sep)


def _inside(file: str, root: str) -> str:
    return file[len(root.rstrip(os.sep)) + 1 :]
