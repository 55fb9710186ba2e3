"""Which tests run which lines, and how long each takes: `python -m tests.mutants.covering FILE [TESTS ...]`.

What stands in FILE is kept, where a run is interrupted, too. While neither `src/` nor what tests share has changed,
only those files of tests are run that have. TESTS are files and folders: others are not run, what is known of them is
kept. `QUERY_GUARD_COVERING_PROCESSES` says in how many processes, two unless told otherwise.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutants.kept import read, write

ROOT = Path(__file__).parents[2]
PROCESSES = os.environ.get("QUERY_GUARD_COVERING_PROCESSES", "2")
HANGING = "240"
"""Seconds of one test after which its process is ended: when a thread has died with greenlets left, greenlet may never
return from their end under coverage."""
ATTEMPTS = 3
AT_A_TIME = 16
"""Files of tests whose results are written down together."""
NOTHING: dict[str, Any] = {"files": {}, "seconds": {}, "lines": {}}


class Passed:
    """A pytest plugin that adds up how long setup and call of each test took; a test that failed notices nothing."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()
        self.has_lost_lines = False
        """Whether a process has ended before it wrote down which lines its tests ran."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object | None) -> None:
        self.has_lost_lines = self.has_lost_lines or error is not None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)
        elif report.when != "teardown":
            self.seconds[report.nodeid] += report.duration

    def durations(self) -> dict[str, float]:
        return {test: seconds for test, seconds in self.seconds.items() if test not in self.failed}


def main(into: Path, only: Sequence[str] = ()) -> int:
    left_out = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]["tests-left-out"]
    files = {file: _digest([ROOT / file]) for file in test_files(left_out)}
    shared = _digest(path for path in _sources() if path.relative_to(ROOT).as_posix() not in files)
    known = _kept(into, shared)
    unchanged = {file for file, digest in files.items() if known["files"].get(file) == digest}
    known = merged(known, NOTHING, unchanged)
    changed = [file for file in sorted({*files} - unchanged) if file.startswith(tuple(only or [""]))]
    into.parent.mkdir(exist_ok=True, parents=True)
    for first in range(0, len(changed), AT_A_TIME):
        some = changed[first : first + AT_A_TIME]
        known = merged(known, {**_ran(some), "files": {file: files[file] for file in some}}, {*known["files"]})
        write(into, {"shared": shared, **known})
    return 0


def test_files(left_out: Sequence[str]) -> list[str]:
    """Return the files of tests that may notice a mutant, relative to the root."""
    found = (path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "tests").rglob("test_*.py")))
    return [file for file in found if not file.startswith(tuple(left_out))]


def _sources() -> list[Path]:
    """Return what tests run; the tool itself is no part of it."""
    found = (path for folder in ("src", "tests", "example_app") for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if path.parent != Path(__file__).parent)


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _kept(file: Path, shared: str) -> dict[str, Any]:
    known: dict[str, Any] = read(file) if file.exists() else {}
    return known if known.get("shared") == shared else NOTHING


def _ran(files: Sequence[str]) -> dict[str, Any]:
    """Run files of tests under coverage, again where a process was ended: what its tests ran is lost."""
    for _ in range(ATTEMPTS):
        found, is_complete = _ran_once(files)
        if is_complete:
            return found
    print(f"each of {ATTEMPTS} runs lost what some tests of these files ran: {' '.join(files)}", file=sys.stderr)
    return found


def _ran_once(files: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Run files of tests, and return whether all is known; tests that fail are of no use, but no reason to stop."""
    with tempfile.TemporaryDirectory(prefix="covering-") as directory:
        settings, data = Path(directory, "coverage.ini"), Path(directory, "coverage.db")
        settings.write_text(
            "[run]\nsource_pkgs = query_guard\nconcurrency = thread,greenlet\nrelative_files = true\n"
            f"data_file = {data}\n"
        )
        passed = Passed()
        options = [
            "-q",
            "-p",
            "no:cacheprovider",
            "-n",
            PROCESSES,
            "--dist",
            "loadfile",
            "--cov",
            f"--cov-config={settings}",
            "-o",
            f"faulthandler_timeout={HANGING}",
            "-o",
            "faulthandler_exit_on_timeout=true",
        ]
        code = pytest.main([*options, "--cov-context=test", "--cov-report=", *files], plugins=[passed])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            sys.exit(int(code))
        return {"seconds": passed.durations(), "lines": lines_of(data)}, not passed.has_lost_lines


def lines_of(data: Path) -> dict[str, dict[str, list[str]]]:
    """Return the tests that ran each line of each file; those that ran while it was imported are of no test."""
    measured = coverage.CoverageData(str(data))
    measured.read()
    return {
        file: {
            str(line): sorted({context.partition("|")[0] for context in contexts if context})
            for line, contexts in measured.contexts_by_lineno(file).items()
        }
        for file in sorted(measured.measured_files())
    }


def merged(kept: dict[str, Any], fresh: dict[str, Any], unchanged: Collection[str]) -> dict[str, Any]:
    """Return what is known of the unchanged files of tests, and what was learnt of the others."""
    files = {file: digest for file, digest in kept["files"].items() if file in unchanged}
    seconds = {test: took for test, took in kept["seconds"].items() if test.partition("::")[0] in files}
    lines: dict[str, dict[str, list[str]]] = {}
    for known, valid in ((kept["lines"], {*seconds}), (fresh["lines"], {*fresh["seconds"]})):
        for file, by_line in known.items():
            for line, tests in by_line.items():
                lines.setdefault(file, {}).setdefault(line, []).extend(test for test in tests if test in valid)
    return {"files": {**files, **fresh["files"]}, "seconds": {**seconds, **fresh["seconds"]}, "lines": lines}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
