"""Memory stays flat, however many requests there were."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.soak.sizes import sizes

GROWTH = 4_000_000
"""Bytes by which a process may grow after a tenth of its requests."""


def growth(*arguments: str) -> float:
    command = [sys.executable, "-m", "benchmarks.endurance", *arguments]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=3_000).stdout)
    return float(told["growth"])


@pytest.mark.parametrize("requests", sizes(3_000, 200_000))
def test_memory_stays_flat_over_five_statements_a_request(requests: int) -> None:
    assert growth(str(requests), "/select/5") < GROWTH


@pytest.mark.parametrize("requests", sizes(3_000, 200_000))
def test_memory_stays_flat_with_metrics_and_spans(requests: int) -> None:
    assert growth(str(requests), "/core/1", "with_telemetry") < GROWTH
