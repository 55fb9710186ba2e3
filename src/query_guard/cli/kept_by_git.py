"""Whether git has a file as it is, so that what is written to it can be taken back."""

from __future__ import annotations

import subprocess
from pathlib import Path


def not_kept(file: Path) -> str:
    """Return why git could not give a file back as it is; empty where it could."""
    if _git(file, "ls-files", "--error-unmatch") is None:
        return "git does not know the file"
    return "it has changes that are not committed" if _git(file, "status", "--porcelain") else ""


def _git(file: Path, *words: str) -> str | None:
    """Return what git says of a file; None where it fails, or is not installed."""
    command = ["git", *words, "--", file.name]
    try:
        ran = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout
