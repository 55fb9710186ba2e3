"""Change `src/` in a copy, one place at a time, and say which changes no test notices.

    python -m tests.mutants --python DEV_PYTHON --covering FILE [--sample 100] [--minutes 60] [--seed 1] [SRC_FILE ...]

It runs in an environment that has cosmic-ray; the tests run in that of DEV_PYTHON. The exit code is 1 where fewer than
`least-noticed` of pyproject's `[tool.mutants]` were noticed, of those that there was time for.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str]) -> int:
    given = _parsed(arguments)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    files = [ROOT / file for file in given.files] or sorted((ROOT / "src").rglob("*.py"))
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copy = copied(Path(directory))
        places = mutations(copy, [file.relative_to(ROOT) for file in files], settings["left-out"])
        sample = random.Random(given.seed).sample(places, min(given.sample, len(places)))
        print(f"{len(sample)} of {len(places)} places, seed {given.seed}", flush=True)
        _compile(copy, given.python)
        ends = time.monotonic() + given.minutes * 60
        in_time = itertools.takewhile(lambda _: time.monotonic() < ends, sample)
        verdicts = [_is_noticed(spec, copy, given, settings["timeout"]) for spec in in_time]
    noticed = sum(verdicts) / max(1, len(verdicts))
    print(f"noticed {sum(verdicts)} of {len(verdicts)}, {noticed:.0%}; no time for {len(sample) - len(verdicts)}")
    return int(noticed < settings["least-noticed"])


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter that runs the tests")
    parser.add_argument("--covering", type=Path, required=True, help="what tests.mutants.covering has written")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no further mutant is begun")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("files", nargs="*", type=Path, help="files of src/; all of them unless some are named")
    return parser.parse_args(arguments)


def copied(into: Path) -> Path:
    """Copy what the repository has, so that nobody who edits it meanwhile meets a mutant."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


def _compile(copy: Path, python: Path) -> None:
    """Collect all tests once: what Python and pytest compile stays beside them, and cosmic-ray lets nobody write it."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "src")}
    command = [str(python.absolute()), "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
    subprocess.run(command, cwd=copy, env=environment, check=True, stdout=subprocess.DEVNULL)


def mutations(copy: Path, files: Sequence[Path], left_out: str) -> list[MutationSpec]:
    """Return a mutation for each place that can be changed, which one of several being a matter of chance."""
    with use_db(str(copy / "session.sqlite")) as session:
        init([copy / file for file in files], session, {})
        specs = [item.mutations[0] for item in session.work_items]
    by_place: dict[Any, list[MutationSpec]] = {}
    for spec in specs:
        if not re.search(left_out, spec.operator_name):
            by_place.setdefault((str(spec.module_path), spec.start_pos, spec.end_pos), []).append(spec)
    chance = random.Random(len(specs))
    return [chance.choice(some) for _, some in sorted(by_place.items())]


def _is_noticed(spec: MutationSpec, copy: Path, given: argparse.Namespace, timeout: float) -> bool:
    file = spec.module_path.relative_to(copy)
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(copy / "src")
    command = [
        str(given.python.absolute()), "-m", "tests.mutants.noticing", str(given.covering.resolve()), str(file),
        str(spec.start_pos[0]), str(spec.end_pos[0]), str(ROOT / file),
    ]  # fmt: skip
    started = time.monotonic()
    result = mutate_and_test([spec], shlex.join(command), timeout)
    changed = [line for line in (result.diff or "").splitlines() if re.match(r"[-+](?![-+])", line)]
    verdict = "noticed" if result.is_killed else "SURVIVED"
    why = list(_why(result.output or ""))[-1:] if result.is_killed else []
    print(f"{verdict} in {time.monotonic() - started:.0f} s: {file}:{spec.start_pos[0]} {spec.operator_name}", *why)
    print(*(f"    {line}" for line in changed), sep="\n", flush=True)
    return bool(result.is_killed)


def _why(output: str) -> Iterator[str]:
    """Yield what the tests said that failed."""
    for line in output.splitlines():
        if line.startswith(("FAILED", "ERROR", "timeout")) or "rror" in line:
            yield line[:160]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
