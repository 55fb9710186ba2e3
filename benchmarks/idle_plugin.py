"""What the pytest plugin costs those who do not use it: seconds of 1,000 empty tests with and without it.

`python -m benchmarks.idle_plugin` prints one line of JSON. Runs alternate; "again" is without it once more, so that
what lies between the two is the noise that the third has to be held against.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from itertools import cycle, islice, permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figures import spread

TESTS = 1_000
RUNS: dict[str, tuple[str, ...]] = {"with": ("-p", "query_guard.pytest_plugin"), "without": (), "again": ()}


def idle_plugin(rounds: int) -> dict[str, list[float]]:
    """Return lower quartile, median and upper quartile of each."""
    with TemporaryDirectory() as directory:
        tests = "\n".join(f"def test_{number}():\n    pass\n" for number in range(TESTS))
        (Path(directory) / "test_empty.py").write_text(tests)
        for options in RUNS.values():
            _seconds(directory, options)
        seconds: dict[str, list[float]] = {name: [] for name in RUNS}
        for order in islice(cycle(permutations(RUNS)), rounds):
            for name in order:
                seconds[name].append(_seconds(directory, RUNS[name]))
    return {name: [round(figure, 3) for figure in spread(figures)] for name, figures in seconds.items()}


def _seconds(directory: str, options: tuple[str, ...]) -> float:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    started = perf_counter()
    subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=18)
    print(json.dumps(idle_plugin(parser.parse_args().rounds)))
