"""Assertions on queries, for any test runner: plain context managers that work in sync and async tests.

They count every statement that the process sends while their block runs, also from the threads of fixtures and test
clients. The names below are imported at their first use, since the pytest plugin imports this package in every run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from query_guard.judge.allowed_blocks import allow_in_process as allow_in_process
    from query_guard.recording import Recording as Recording
    from query_guard.records import Allowance as Allowance
    from query_guard.testing.assertions import assert_max_queries as assert_max_queries
    from query_guard.testing.assertions import assert_no_findings as assert_no_findings
    from query_guard.testing.assertions import assert_num_queries as assert_num_queries
    from query_guard.testing.assertions import record_queries as record_queries
    from query_guard.testing.growth import assert_constant_queries as assert_constant_queries

_MODULES = {
    "Allowance": "query_guard.records",
    "Recording": "query_guard.recording",
    "allow_in_process": "query_guard.judge.allowed_blocks",
    "assert_constant_queries": "query_guard.testing.growth",
    "assert_max_queries": "query_guard.testing.assertions",
    "assert_no_findings": "query_guard.testing.assertions",
    "assert_num_queries": "query_guard.testing.assertions",
    "record_queries": "query_guard.testing.assertions",
}

__all__ = [*_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
