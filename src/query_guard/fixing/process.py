"""The diffs of findings, made in a process of their own.

LibCST parses a file in one piece, and holds the interpreter lock meanwhile: a thread of the application would stop
its event loop for as long.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from threading import Lock
from typing import Any

_PATIENCE = 60.0
"""Seconds after which the process is ended."""
_one_at_a_time = Lock()


class NoDiff(Exception):
    """No diff can be made; the message is a sentence that says why."""


def fixes_of(findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what `fix_document` returns for findings as JSON, in the working directory. Blocks. Raises NoDiff."""
    try:
        answer = json.loads(_answer_to(json.dumps(findings)))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NoDiff(
            f"the process that makes the diff has failed: {_reason(error)}; see what 'query-guard fix' says"
        ) from error
    if "error" in answer:
        raise NoDiff(answer["error"])
    return dict(answer)


def _answer_to(findings: str) -> str:
    command = [sys.executable, "-P", "-m", "query_guard.fixing"]
    with _one_at_a_time:
        ran = subprocess.run(command, input=findings, capture_output=True, text=True, timeout=_PATIENCE, check=True)  # noqa: S603
    return ran.stdout


def _reason(error: Exception) -> str:
    """Return the last line of what a process wrote, or what kept it from running; a killed one writes nothing."""
    if isinstance(error, subprocess.CalledProcessError):
        return str(error.stderr).strip().rpartition("\n")[2] or f"it ended with exit status {error.returncode}"
    return str(error)
