"""Make a mutant in a copy of the repository, and ask the tests of its lines."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

from cosmic_ray.mutating import mutate_and_test

from tests.mutants.places import Mutant

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Tests:
    """What runs the tests: an interpreter, which tests run which lines, how long they may take together in seconds."""

    python: Path
    covering: Path
    timeout: float


@dataclass(frozen=True)
class Verdict:
    """What the tests said of a mutant; `why` is the last error, and empty where no test failed."""

    mutant: Mutant
    noticed: bool
    why: str
    seconds: float

    def __str__(self) -> str:
        verdict = "noticed" if self.noticed else "SURVIVED"
        lines = [f"{verdict} in {self.seconds:.0f} s: {self.mutant} {self.why}".rstrip()]
        lines += [f"    - {line}" for line in self.mutant.before.splitlines()]
        lines += [f"    + {line}" for line in self.mutant.after.splitlines()]
        return "\n".join(lines)


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


def verdicts_of(sample: Sequence[Mutant], tests: Tests, copies: Sequence[Path], ends: float) -> Iterator[Verdict]:
    """Judge mutants in as many processes as there are copies; those that `ends` (`time.time`) leaves out have none."""
    context = get_context("spawn")
    free: Queue[Path] = context.Queue()
    for copy in copies:
        free.put(copy)
    with ProcessPoolExecutor(len(copies), context, _enter, (free, tests.python)) as processes:
        for verdict in processes.map(partial(_in_time, tests=tests, ends=ends), sample):
            if verdict is not None:
                yield verdict


def _enter(free: Queue[Path], python: Path) -> None:
    """Work in a copy, and collect its tests once: what Python compiles then stays there; later, nobody may write it."""
    os.chdir(free.get())
    os.environ["PYTHONPATH"] = str(Path.cwd() / "src")
    command = [str(python), "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _in_time(mutant: Mutant, tests: Tests, ends: float) -> Verdict | None:
    return _judged(mutant, tests) if time.time() < ends else None


def _judged(mutant: Mutant, tests: Tests) -> Verdict:
    """Make a mutant in the copy that is the working directory, run its tests there, and put the file back."""
    spec = mutant.spec
    command = [
        str(tests.python), "-m", "tests.mutants.noticing", str(tests.covering), str(spec.module_path),
        str(spec.start_pos[0]), str(spec.end_pos[0]), str(ROOT / spec.module_path),
    ]  # fmt: skip
    started = time.monotonic()
    result = mutate_and_test([spec], shlex.join(command), tests.timeout)
    errors = [*_errors(result.output or "")] if result.is_killed else []
    return Verdict(mutant, bool(result.is_killed), "".join(errors[-1:]), time.monotonic() - started)


def _errors(output: str) -> Iterator[str]:
    """Yield what the tests said that failed."""
    for line in output.splitlines():
        if line.startswith(("FAILED", "ERROR", "timeout")) or re.search("[eE]rror", line):
            yield line[:160]
