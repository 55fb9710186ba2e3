"""The guard fails open: whatever of it fails, the application notices nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.entries import ENTRIES

_ROOT = Path(__file__).parents[2]
_MOST_ENTRIES = 18


def differences(*options: str) -> list[dict[str, Any]]:
    """Walk in a process of its own, where the package is rewritten as it is imported."""
    command = [sys.executable, "-m", "tests.faults.walk", *options]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    told: list[dict[str, Any]] = json.loads(run.stdout)
    return told


@pytest.mark.once
def test_the_application_notices_no_failure_of_any_function_of_the_guard() -> None:
    assert differences("--times", "2") == []


@pytest.mark.soak
def test_the_application_notices_no_failure_after_any_statement_and_all_that_passes_passes() -> None:
    assert differences("--soak", "--times", "1") == []


def test_no_more_functions_stand_where_nothing_can_catch_for_them() -> None:
    assert len(ENTRIES) <= _MOST_ENTRIES
