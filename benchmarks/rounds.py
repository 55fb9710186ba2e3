"""Paired rounds: in each, every contestant's process in turn answers the same requests, a few milliseconds apart.

Noise of the machine that lasts longer than that falls on all of them, and goes when a contestant is compared with bare
of the same round; a turn that was disturbed by itself is taken again, while there is time for that. Processes are
started anew with another hash seed several times, as what a process is lucky with, the layout of its sets and caches,
changes speed for as long as it lives.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

from benchmarks.machine import Machine

Rounds: TypeAlias = dict[str, dict[str, list[float]]]
"""Contestant -> path -> seconds a request, one figure a round; figures at one index are a pair."""

ROOT = Path(__file__).parent.parent
_TRIES = 8
"""How often a turn is taken at most."""


def measure(
    contestants: Sequence[str], driver: str, paths: Sequence[str], machine: Machine, *, seeds: int, rounds: int,
    postgres: str = "",
) -> Rounds:  # fmt: skip
    """Return the times of all contestants on one driver."""
    times: Rounds = {contestant: {path: [] for path in paths} for contestant in contestants}
    for _ in range(seeds):
        seed = str(random.randrange(1, 2**32))
        environment = {**os.environ, "PYTHONHASHSEED": seed, "BENCHMARKS_POSTGRES_URL": postgres}
        workers = {contestant: _start(contestant, driver, paths, environment) for contestant in contestants}
        try:
            for worker in workers.values():
                _answer(worker)
            for number in range(rounds):
                order = [*workers][:: -1 if number % 2 else 1]
                for path in paths:
                    for contestant in order:
                        times[contestant][path].append(_turn(workers[contestant], path, machine))
        finally:
            for worker in workers.values():
                _stop(worker)
    return times


def _turn(worker: subprocess.Popen[str], path: str, machine: Machine) -> float:
    """Return the seconds of a request, of the first turn that the machine did not disturb, or else of the last."""
    machine.turns += 1
    for number in range(_TRIES):
        started = perf_counter()
        seconds, pace = _asked(worker, path)
        if machine.is_calm(pace):
            return seconds
        if number:
            machine.patience -= perf_counter() - started
        if machine.patience <= 0:
            break
    machine.disturbed += 1
    return seconds


def _asked(worker: subprocess.Popen[str], path: str) -> tuple[float, float]:
    assert worker.stdin is not None
    worker.stdin.write(path + "\n")
    worker.stdin.flush()
    return _answer(worker)


def _start(contestant: str, driver: str, paths: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", contestant, driver, *paths]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _answer(worker: subprocess.Popen[str]) -> tuple[float, float]:
    """Return the seconds of a request, and those of the work by which turns are compared."""
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"a worker ended early, its error is above; run it by hand: {worker.args!r}")
    answer = json.loads(line)
    return answer["seconds"], answer["pace"]


def _stop(worker: subprocess.Popen[str]) -> None:
    """End a worker by closing its input."""
    worker.communicate()


@cache
def _bytecode() -> Path:
    """Return a folder for compiled modules, as an installation has them: imports are timed, not the compiler."""
    folder = tempfile.mkdtemp(prefix="query_guard-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def run_module(module: str, *arguments: str, seed: str = "random") -> dict[str, float]:
    """Run a module of this package in a fresh process and return the one JSON line it prints."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPYCACHEPREFIX": str(_bytecode())}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
