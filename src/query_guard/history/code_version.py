"""Which code a process runs."""

from __future__ import annotations

import os
import sys


def code_version() -> str:
    """Return when the newest file among those of the imported modules was changed, in nanoseconds, as text.

    Call it once, when the application has been imported: a file that is edited later is not what the process runs.
    Reading a time of each file takes a few milliseconds, and reading their contents would take seconds.
    """
    files = {getattr(module, "__dict__", {}).get("__file__") for module in tuple(sys.modules.values())}
    return str(max((_changed_at(file) for file in files if isinstance(file, str)), default=0))


def _changed_at(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except (OSError, ValueError):  # in an archive, or gone
        return 0
