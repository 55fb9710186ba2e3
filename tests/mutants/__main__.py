"""Change `src/` in copies, one place at a time, and say which changes no test notices.

    python -m tests.mutants --python DEV_PYTHON --covering FILE [--sample 100] [--minutes 60] [--seed 1] [SRC_FILE ...]

It runs in an environment that has cosmic-ray; the tests run in that of DEV_PYTHON. The exit code is 1 where fewer than
`least-noticed` of pyproject's `[tool.mutants]` were noticed, of those that there was time for.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.judging import ROOT, Tests, copied, verdicts_of
from tests.mutants.places import sampled


def main(arguments: Sequence[str]) -> int:
    given = _parsed(arguments)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    files = [file.resolve() for file in given.files] or sorted((ROOT / "src").rglob("*.py"))
    tests = Tests(given.python.absolute(), given.covering.resolve(), settings["timeout"])
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copies = [copied(Path(directory, str(number))) for number in range(given.processes)]
        os.chdir(copies[0])
        relative = [file.relative_to(ROOT) for file in files]
        sample = sampled(relative, settings["left-out"], given.sample, given.seed)
        print(f"{len(sample)} places, seed {given.seed}", flush=True)
        verdicts = []
        for verdict in verdicts_of(sample, tests, copies, time.time() + given.minutes * 60):
            print(verdict, flush=True)
            verdicts.append(verdict)
    noticed = sum(verdict.noticed for verdict in verdicts)
    part = noticed / max(1, len(verdicts))
    print(f"noticed {noticed} of {len(verdicts)}, {part:.0%}; no time for {len(sample) - len(verdicts)}")
    return int(part < settings["least-noticed"])


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter that runs the tests")
    parser.add_argument("--covering", type=Path, required=True, help="what tests.mutants.covering has written")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no further mutant is begun")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--processes", type=int, default=2, help="how many mutants are judged at a time")
    parser.add_argument("files", nargs="*", type=Path, help="files of src/; all of them unless some are named")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
