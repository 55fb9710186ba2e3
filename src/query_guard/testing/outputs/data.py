"""A run of tests as JSON: its causes in the order in which to fix them, and what each test left."""

from __future__ import annotations

from typing import Any

from query_guard.document.strict_json import json_text
from query_guard.testing.outputs.gathered import Gathered, gathered
from query_guard.testing.tallies import Run


def data(run: Run) -> str:
    """Return the run with its `causes`: first those whose fix saves most statements in all tests together."""
    causes = [_cause(cause) for cause in gathered(run["tests"])]
    return json_text({**run, "causes": causes}, indent=2, sort_keys=True) + "\n"


def _cause(cause: Gathered) -> dict[str, Any]:
    finding = {name: field for name, field in cause.finding.items() if name != "route"}
    return {
        **finding,
        "times": cause.times,
        "saves": cause.saves,
        "routes": cause.routes,
        "tests": cause.tests,
        "callers": cause.callers,
    }
