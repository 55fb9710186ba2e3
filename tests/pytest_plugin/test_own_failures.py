"""Where the plugin fails itself, a test's own failure is still what is shown, and the run goes on."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.pytest_plugin.application import prepare, run, said

pytest_plugins = ["pytester"]

TESTS = """
def test_that_fails(client):
    client.get("/lazy")
    assert [] == ["its own"]
"""


def fails(*_: object) -> None:
    raise RuntimeError("of the plugin")


@pytest.mark.parametrize(
    ("broken", "mode", "told"),
    [
        ("verdict.verdict", "warn", "what the test sent could not be judged"),
        ("entries.middleware_entry", "", "the results of test_app.py::test_that_fails could not be gathered"),
        ("summary.sections", "", "the summary could not be made"),
    ],
)
def test_a_failure_of_the_plugin_is_reported_and_changes_no_outcome(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, broken: str, mode: str, told: str
) -> None:
    prepare(pytester, TESTS)
    module, name = broken.split(".")
    monkeypatch.setattr(import_module(f"query_guard.pytest_plugin.{module}"), name, fails)
    result = run(pytester, *([f"--query-guard={mode}"] if mode else []))
    result.assert_outcomes(failed=1)
    assert "AssertionError: assert [] == ['its own']" in said(result)
    assert f"{told}: RuntimeError('of the plugin')" in said(result)
    assert "INTERNALERROR" not in said(result)
