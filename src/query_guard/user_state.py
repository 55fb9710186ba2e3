"""Where this user's servers keep what they share: in the state directory, and never from a test run."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def state_directory(platform: str = sys.platform) -> Path:
    """Return the directory of this package below the user's state directory. Raises RuntimeError without a home."""
    return _base(platform) / "query_guard"


def _base(platform: str) -> Path:
    directory = Path(os.environ.get("LOCALAPPDATA" if platform == "win32" else "XDG_STATE_HOME", ""))
    if directory.is_absolute():  # the XDG specification says to ignore a relative path
        return directory
    defaults = {"win32": "AppData/Local", "darwin": "Library/Application Support"}
    return Path.home() / defaults.get(platform, ".local/state")


def without_waiting(path: str, flags: int) -> int:
    """Open a file for `open(..., opener=)`: a pipe in its place does not block."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def is_test_run() -> bool:
    """Whether pytest or `python -m unittest` runs this process."""
    return "pytest" in sys.modules or getattr(sys.modules.get("__main__"), "__package__", None) == "unittest"
