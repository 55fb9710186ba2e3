"""Query profiling for FastAPI and SQLAlchemy: counts, N+1 patterns, slow queries and pool waits of each request.

The names below are imported when they are first used: the pytest plugin imports this package in every run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from query_guard.detectors import defaults as defaults
    from query_guard.fingerprint import Fingerprint as Fingerprint
    from query_guard.fingerprint import fingerprint as fingerprint
    from query_guard.judge.allowed_blocks import allow as allow
    from query_guard.judge.budgets import query_budget as query_budget
    from query_guard.middleware import QueryGuard as QueryGuard
    from query_guard.recording import Recording as Recording
    from query_guard.recording import record as record
    from query_guard.records import Allowance as Allowance
    from query_guard.records import Facts as Facts
    from query_guard.records import Finding as Finding
    from query_guard.records import Report as Report

    __version__: str

_HOMES = {
    "allow": "judge.allowed_blocks",
    "Allowance": "records",
    "Facts": "records",
    "Finding": "records",
    "Fingerprint": "fingerprint",
    "QueryGuard": "middleware",
    "Recording": "recording",
    "Report": "records",
    "defaults": "detectors",
    "fingerprint": "fingerprint",
    "query_budget": "judge.budgets",
    "record": "recording",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _installed_version()
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


def _installed_version() -> str:
    """Return the version of the installed distribution; read when it is asked for, since the metadata are a file."""
    from importlib.metadata import version

    return version("fastapi-query-guard")
