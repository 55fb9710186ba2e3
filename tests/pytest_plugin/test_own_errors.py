"""Where the guard itself failed, a test that was held to something fails, and the summary says so in any mode."""

from __future__ import annotations

import pytest

from tests.pytest_plugin.application import prepare, run, said

pytest_plugins = ["pytester"]

BROKEN = """
import pytest
from query_guard.capture import statements
from sqlalchemy import create_engine, text

engine = create_engine("sqlite://")

def failing(*_):
    raise RuntimeError("on purpose")

@pytest.mark.query_guard(max_queries=5)
def test_held(monkeypatch):
    monkeypatch.setattr(statements, "value_hashes", failing)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))

def test_free(monkeypatch):
    monkeypatch.setattr(statements, "value_hashes", failing)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
"""
SENTENCE = (
    "query_guard itself failed, so that its numbers and findings may be wrong: "
    "a statement could not be recorded in full (1 time); "
)


@pytest.mark.parametrize(("mode", "failed"), [("warn", 1), ("fail", 2)])
def test_a_test_in_which_the_guard_failed(pytester: pytest.Pytester, mode: str, failed: int) -> None:
    prepare(pytester, BROKEN)
    result = run(pytester, f"--query-guard={mode}")
    result.assert_outcomes(passed=2 - failed, failed=failed)
    text = said(result)
    assert text.count(SENTENCE) >= failed
    assert "test_free: a statement could not be recorded in full (1 time)\n" in text
