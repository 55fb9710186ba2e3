"""Which tests run which lines, and how long each takes: `python -m tests.mutants.covering DIRECTORY` writes it down."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import coverage
import pytest

TESTS = "covering.json"


class Durations:
    """A pytest plugin that adds up how long setup and call of each test took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "teardown":
            self.seconds[report.nodeid] += report.duration


def main(directory: str) -> int:
    """Run the tests once under coverage; a failing one is of no use here, but no reason to stop either."""
    into = Path(directory)
    into.mkdir(exist_ok=True, parents=True)
    settings, data = into / "coverage.ini", into / "coverage.db"
    settings.write_text(
        f"[run]\nsource_pkgs = query_guard\nconcurrency = thread,greenlet\nrelative_files = true\ndata_file = {data}\n"
    )
    durations = Durations()
    options = ["-q", "-p", "no:cacheprovider", "-m", "not soak", "--cov", f"--cov-config={settings}"]
    code = pytest.main([*options, "--cov-context=test", "--cov-report="], plugins=[durations])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return int(code)
    by_line = {file: lines_of(data, file) for file in measured(data)}
    (into / TESTS).write_text(json.dumps({"seconds": durations.seconds, "lines": by_line}))
    return 0


def measured(data: Path) -> list[str]:
    read = coverage.CoverageData(str(data))
    read.read()
    return sorted(read.measured_files())


def lines_of(data: Path, file: str) -> dict[int, list[str]]:
    """Return the tests that ran each line of a file; those that ran while it was imported are of no test."""
    read = coverage.CoverageData(str(data))
    read.read()
    return {
        line: sorted({context.partition("|")[0] for context in contexts if context})
        for line, contexts in read.contexts_by_lineno(file).items()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
