"""Assertions on queries, for any test runner: plain context managers that work in sync and async tests.

They see every statement of the process while their block runs: fixtures' threads, portals and test clients included.
"""

from query_guard.allowances import Allowance
from query_guard.recording import Recording, allow_in_process
from query_guard.testing.assertions import (
    assert_max_queries,
    assert_no_findings,
    assert_num_queries,
    record_queries,
)
from query_guard.testing.growth import assert_constant_queries

__all__ = [
    "Allowance",
    "Recording",
    "allow_in_process",
    "assert_constant_queries",
    "assert_max_queries",
    "assert_no_findings",
    "assert_num_queries",
    "record_queries",
]
