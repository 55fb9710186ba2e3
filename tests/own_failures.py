"""Failures of the guard that a test makes on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from query_guard import own_errors


@contextmanager
def apart() -> Iterator[None]:
    """Keep the failures of a test from the run, which mentions those of the guard."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_errors, "_logged", set())
        patch.setattr(own_errors, "_times", {})
        yield
