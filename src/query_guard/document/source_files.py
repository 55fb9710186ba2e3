"""The source files that reports name."""

from __future__ import annotations

import os
import sys
import time
from hashlib import sha256

_STARTED = time.time()


def path_of(shown: str) -> str:
    """Return where a file lies that is shown by its path below the working directory or an import root."""
    roots = [os.getcwd(), *(path for path in sys.path if path)]
    return next((path for root in roots if os.path.isfile(path := os.path.join(root, shown))), shown)


def content_hash(shown: str) -> str | None:
    """Return a hash of what a file holds, by which others can tell whether it has changed since.

    None where it cannot be read, or was changed after this process had started: what runs may be another text.
    """
    try:
        path = path_of(shown)
        if os.stat(path).st_mtime > _STARTED:
            return None
        with open(path, "rb") as file:
            return hash_of(file.read())
    except (OSError, ValueError):
        return None


def hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
