"""Run the gate and write its table: `python -m tests.gate docs/gate.md`."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.gate.rows import DRIVERS, ROWS, row_of

HEAD = """\
# The gate

What must be found (N, D), what must stay silent (S), where what to type must be true (F), what is one finding for one
cause (O), and which loops and pieces of work must be told apart (P), by driver. `make gate` runs it and writes this
table: a number is that of the tests that passed, a dot says that the row makes no sense on this driver.
"""


class Outcomes:
    """A pytest plugin that keeps the outcome of each test by row and driver."""

    def __init__(self) -> None:
        self.passed: dict[tuple[str, str], int] = defaultdict(int)
        self.failed: set[tuple[str, str]] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::")[2]
        row = row_of(name)
        if row is None:
            return
        drivers = [driver for driver in DRIVERS if driver in name.partition("[")[2]] or ["sqlite3"]
        for driver in drivers:
            if report.failed:
                self.failed.add((row, driver))
            elif report.when == "call":
                self.passed[row, driver] += 1

    def cell(self, row: str, driver: str) -> str:
        if (row, driver) in self.failed:
            return "FAILED"
        passed = self.passed[row, driver]
        return f"✓ {passed}" if passed else "·"


def main(path: str) -> int:
    outcomes = Outcomes()
    code = pytest.main(["-q", "tests/gate", "tests/testing/test_assertions.py"], plugins=[outcomes])
    lines = [HEAD, f"| row | scenario | {' | '.join(DRIVERS)} |", f"|---|---|{'---|' * len(DRIVERS)}"]
    for row, scenario in ROWS.items():
        cells = " | ".join(outcomes.cell(row, driver) for driver in DRIVERS)
        lines.append(f"| {row} | {scenario} | {cells} |")
    Path(path).write_text("\n".join(lines) + "\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
