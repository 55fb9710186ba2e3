"""Tests that judge time do not mind a machine that stalls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TIMED = (
    "tests/capture/test_event_loop.py",
    "tests/capture/test_pool_methods.py",
    "tests/capture/test_holders.py",
    "tests/detectors/test_pool_settings.py",
    "tests/gate/test_connections.py",
    "tests/gate/test_event_loop.py",
    "tests/gate/test_neighbours.py",
    "tests/gate/test_transactions.py",
)


@pytest.mark.soak
@pytest.mark.once
def test_no_test_fails_because_the_machine_stands_still() -> None:
    command = [sys.executable, "-m", "tests.stalls", "--seed", "3", "-q", "--tb=short", *TIMED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout
    assert "stalled " in done.stdout


def test_the_files_are_there() -> None:
    assert [file for file in TIMED if not (ROOT / file).is_file()] == []
