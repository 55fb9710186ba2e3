"""Memory stays flat, however many requests there were."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.soak.sizes import sizes


@pytest.mark.parametrize("requests", sizes(3_000, 200_000))
def test_memory_stays_flat_over_five_statements_a_request(requests: int) -> None:
    command = [sys.executable, "-m", "benchmarks.endurance", str(requests), "/select/5"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=3_000).stdout)
    assert told["growth"] < 4_000_000
