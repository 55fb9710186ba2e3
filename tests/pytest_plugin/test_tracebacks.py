"""A failure of an assertion is shown at the line of the test, not within the guard."""

from __future__ import annotations

import re

import pytest

from tests.pytest_plugin.application import prepare, run

pytest_plugins = ["pytester"]

FAILING = """
from query_guard.testing import (
    assert_constant_queries, assert_max_queries, assert_no_findings, assert_num_queries, record_queries
)

def test_max(client):
    with assert_max_queries(0):
        client.get("/lazy")

def test_num(client):
    with assert_num_queries(77):
        client.get("/lazy")

def test_findings(client):
    with assert_no_findings():
        client.get("/lazy")

def test_required():
    with record_queries(required=True):
        pass

def test_constant(client):
    from app import add
    assert_constant_queries(lambda: client.get("/lazy"), add)
"""


def test_the_guards_own_frames_are_left_out_of_tracebacks(pytester: pytest.Pytester) -> None:
    prepare(pytester, FAILING)
    result = run(pytester)
    result.assert_outcomes(failed=5)
    assert len(re.findall(r"(?m)^E +AssertionError: expected ", result.stdout.str())) == 5
    assert "query_guard/testing" not in result.stdout.str()
