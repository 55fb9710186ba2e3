"""Instructions instead of seconds: callgrind counts what a process executed, whatever else the machine does.

A statement is a slope, thirteen in a request less three, so that start-up and the request itself cancel out. The child
marks start and end of what is counted by calling `getppid`, which nothing else does; callgrind writes a dump at each.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from benchmarks.rounds import ROOT
from benchmarks.worker import attached
from benchmarks.workloads import send_request
from query_guard.capture.live import event_loop

SLOPES = {
    "orm": ("/select/3", "/select/13"),
    "core": ("/core/3", "/core/13"),
    "checkout": ("/checkout/1", "/checkout/11"),
    "transaction": ("/transaction/1", "/transaction/11"),
}
"""Requests between which there are ten of a kind."""
REQUESTS = ("/select/0", "/select/1", "/select/3")
WARM_UPS = 20
"""Of each path, until CPython has specialised its bytecode: a server is warm."""

_LUCK = ("_PyType_Lookup", "_PyObject_Malloc", "_PyObject_Free")
"""Functions of CPython that are not counted. Which attributes in use share one of the 4,096 slots of its method cache,
and which pools of its allocator run empty again and again, is luck that lasts as long as the process. It is worth more
than all that a guard does outside of windows; without it, processes differ by 0.05 % of a select.
"""

Counts: TypeAlias = dict[str, dict[str, list[int]]]
"""Contestant -> a path, or a kind of SLOPES for one more of it -> counts; those at one index are a pair."""


def count(
    contestants: Sequence[str], kinds: Sequence[str] = tuple(SLOPES), *, repeats: int = 8, hash_seed: int = 0
) -> Counts:
    """Return the instructions of requests, and of one more statement, checkout or transaction in one."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counted = pool.map(lambda contestant: _count_one(contestant, kinds, repeats, hash_seed), contestants)
        return dict(zip(contestants, counted, strict=True))


def _count_one(contestant: str, kinds: Sequence[str], repeats: int, hash_seed: int) -> dict[str, list[int]]:
    paths = tuple(dict.fromkeys((*REQUESTS, *[path for kind in kinds for path in SLOPES[kind]])))
    totals = _dumped(contestant, paths, repeats, hash_seed)
    requests = {path: totals[place :: len(paths)] for place, path in enumerate(paths)}
    slopes = {
        kind: [(more - less) // 10 for less, more in zip(*[requests[path] for path in SLOPES[kind]], strict=True)]
        for kind in kinds
    }
    return {**requests, **slopes}


def _dumped(contestant: str, paths: Sequence[str], repeats: int, hash_seed: int) -> list[int]:
    """Run the child under callgrind and return the count between each two marks."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        child = [sys.executable, "-W", "ignore", "-m", "benchmarks.instructions", contestant, str(repeats), *paths]
        environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        done = subprocess.run(
            [*callgrind(out), *child], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"callgrind failed on {contestant!r}:\n{done.stderr}")
        return [total(Path(f"{out}.{2 * number}")) for number in range(1, len(paths) * repeats + 1)]


def callgrind(out: Path) -> list[str]:
    """Return the command that counts another one, and writes a dump next to `out` at each call of getppid."""
    if shutil.which("valgrind") is None:
        raise SystemExit(
            "instruction counts need valgrind, which is not on PATH; install it (apt-get install valgrind)"
        )
    return [
        "valgrind",
        "--quiet",
        "--tool=callgrind",
        "--dump-before=getppid",
        *[f"--toggle-collect={function}" for function in _LUCK],
        "--collect-atstart=yes",  # after them, as each turns it off
        f"--callgrind-out-file={out}",
    ]


def total(dump: Path) -> int:
    """Return the number of instructions in a dump."""
    found = re.search(r"^totals: (\d+)", dump.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"callgrind wrote no totals to {dump.name!r}; expected a line 'totals: <number>'")
    return int(found[1])


def be_patient() -> None:
    """Let no loop be watched: under callgrind it is slow, not blocked, and the watchdog would look at each request."""
    event_loop.NOTICED_BLOCK = float("inf")
    event_loop.WATCH_INTERVAL = 3_600.0


async def _be_counted(contestant: str, repeats: int, paths: Sequence[str]) -> None:
    be_patient()
    app = await attached(contestant, "sqlite")
    for _ in range(WARM_UPS):
        for path in paths:
            await send_request(app, path)
    gc.collect()
    gc.freeze()
    gc.disable()
    for _ in range(repeats):
        for path in paths:
            gc.collect()  # each request finds the memory as the last one did: fresh pages are worth 1 % of a select
            os.getppid()
            await send_request(app, path)
            os.getppid()


if __name__ == "__main__":
    asyncio.run(_be_counted(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
