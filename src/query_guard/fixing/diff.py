"""A change of a file as a unified diff."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from query_guard.fixing.plan import Change


def diff_of(change: Change) -> str:
    """Return the diff of a file, named by its path below the working directory; `git apply` takes it."""
    path = Path(os.path.relpath(change.file)).as_posix()
    lines = difflib.unified_diff(_lines(change.before), _lines(change.after), f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes) -> list[str]:
    """Return lines as git splits them, at no other character."""
    return re.findall(r"[^\n]*\n|[^\n]+", content.decode("utf-8", "surrogateescape"))
