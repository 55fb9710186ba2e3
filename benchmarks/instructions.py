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
from statistics import mean, stdev
from typing import TypeAlias

from benchmarks.rounds import ROOT
from benchmarks.worker import attached
from benchmarks.workloads import send_request
from query_guard.capture import event_loop

ORM = ("/select/3", "/select/13")
CORE = ("/core/3", "/core/13")
ALL_PATHS = ("/select/0", "/select/1", *ORM, *CORE)
WARM_UPS = 20
"""Of each path, until CPython has specialised its bytecode: a server is warm."""

_WITHOUT_LUCK = ("--toggle-collect=find_name_in_mro", "--collect-atstart=yes")
"""Leave out what CPython does on a miss of its method cache: which of the attributes in use share one of its 4,096
slots is luck that lasts as long as the process, and worth more than all that a guard does.
"""

Counts: TypeAlias = dict[str, dict[str, float]]
"""Contestant -> each path, an `orm` and a `core` statement, and their standard errors `orm_error`, `core_error`."""


def count(contestants: Sequence[str], paths: Sequence[str] = ALL_PATHS, *, repeats: int = 60) -> Counts:
    """Return the instructions of a request of each path and of a statement, as means over `repeats` layouts."""
    if shutil.which("valgrind") is None:
        raise SystemExit(
            "instruction counts need valgrind, which is not on PATH; install it (apt-get install valgrind)"
        )
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counted = pool.map(lambda contestant: _count_one(contestant, paths, repeats), contestants)
        return dict(zip(contestants, counted, strict=True))


def _count_one(contestant: str, paths: Sequence[str], repeats: int) -> dict[str, float]:
    totals = _dumped(contestant, paths, repeats)
    requests = {path: totals[place :: len(paths)] for place, path in enumerate(paths)}
    figures = {path: mean(counts) for path, counts in requests.items()}
    for kind, (few, many) in {"orm": ORM, "core": CORE}.items():
        if many in requests:
            slopes = [(more - less) / 10 for less, more in zip(requests[few], requests[many], strict=True)]
            figures |= {kind: mean(slopes), f"{kind}_error": stdev(slopes) / repeats**0.5}
    return figures


def _dumped(contestant: str, paths: Sequence[str], repeats: int) -> list[int]:
    """Run the child under callgrind and return the count between each two marks."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        valgrind = [
            "valgrind",
            "--tool=callgrind",
            "--dump-before=getppid",
            "--toggle-collect=find_name_in_mro",
            "--collect-atstart=yes",
            f"--callgrind-out-file={out}",
        ]
        child = [sys.executable, "-W", "ignore", "-m", "benchmarks.instructions", contestant, str(repeats), *paths]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            [*valgrind, *child], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"callgrind failed on {contestant!r}:\n{done.stderr}")
        return [_total(Path(f"{out}.{2 * number}")) for number in range(1, len(paths) * repeats + 1)]


def _total(dump: Path) -> int:
    found = re.search(r"^totals: (\d+)", dump.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"callgrind wrote no totals to {dump.name!r}; expected a line 'totals: <number>'")
    return int(found[1])


async def _be_counted(contestant: str, repeats: int, paths: Sequence[str]) -> None:
    event_loop.NOTICED_BLOCK = float("inf")  # under callgrind a loop is slow, not blocked,
    event_loop.LOOK = 3_600.0  # and a watchdog that looks twenty times a second would look at each request
    app = await attached(contestant, "sqlite")
    for _ in range(WARM_UPS):
        for path in paths:
            await send_request(app, path)
    gc.collect()
    gc.freeze()
    gc.disable()
    for _ in range(repeats):
        for path in paths:
            os.getppid()
            await send_request(app, path)
            os.getppid()


if __name__ == "__main__":
    asyncio.run(_be_counted(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
