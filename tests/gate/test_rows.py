"""Each row of the gate has a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.gate.rows import ROWS, row_of

pytestmark = pytest.mark.once

TESTS = Path(__file__).parent.parent


def test_each_row_has_a_test_and_each_test_a_row() -> None:
    names = [
        name
        for file in [*TESTS.glob("gate/test_*.py"), TESTS / "testing" / "test_assertions.py"]
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    ]
    assert {row for name in names if (row := row_of(name))} == set(ROWS)
