"""What a run of pytest left in a JSON report, read from its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from query_guard.cli.failure import Failure
from query_guard.testing.tallies import Run


def run_in(path: Path) -> Run:
    """Return the report of a run. Raises Failure for a file that is none, or of another version."""
    data = json_in(path)
    tests = data.get("tests")
    if not isinstance(tests, list):
        raise Failure(
            f"expected the report of a run in {str(path)!r}, and it has no list 'tests'; "
            "write one with pytest --query-guard=warn --query-guard-report report.json"
        )
    if not all(isinstance(entry, dict) and {"test", "routes", "findings"} <= entry.keys() for entry in tests):
        raise Failure(
            f"expected a report as this version writes it in {str(path)!r}, and a test in it lacks its name, routes or "
            "findings; use the same version of query_guard here and in the run"
        )
    return data  # type: ignore[return-value]  # what was just checked, and JSON is of no type


def json_in(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises Failure."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(
            f"expected a report in JSON in {str(path)!r}, and it cannot be read: {error}; "
            "write one with pytest --query-guard-report report.json"
        ) from error
    if not isinstance(data, dict):
        raise Failure(f"expected a report in {str(path)!r}, and it holds a JSON {type(data).__name__}")
    return data
