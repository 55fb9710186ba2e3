"""Where the guard's own time in a request goes, by its files.

`python -m benchmarks.profiled /select/1` prints one line of JSON: of what cProfile saw in the guard, the share of each
file.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import pstats
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import query_guard
from benchmarks.worker import attached
from benchmarks.workloads import send_request

PROFILED = ("/select/0", "/select/1", "/select/3")
_REQUESTS = 2_000
_PACKAGE = Path(query_guard.__file__).parent
_BUILT_IN = "~"


async def _figures(path: str) -> dict[str, float]:
    app = await attached("query_guard", "sqlite")
    profile = cProfile.Profile()
    for number in range(2 * _REQUESTS):
        await asyncio.sleep(0)
        if number == _REQUESTS:
            profile.enable()
        await send_request(app, path)
    profile.disable()
    profiled: Any = pstats.Stats(profile)  # its types leave out `stats`, the one place that has the callers
    seconds = _by_file(profiled.stats)
    return {file: spent / seconds.total() for file, spent in seconds.most_common()}


def _by_file(functions: dict[tuple[str, int, str], Any]) -> Counter[str]:
    """Sum what each function took itself; a built-in one is charged to the file that calls it."""
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, itself, _, callers) in functions.items():
        if file == _BUILT_IN:
            for (caller, _, _), (_, _, within, _) in callers.items():
                if _is_own(caller):
                    spent[_shown(caller)] += within
        elif _is_own(file):
            spent[_shown(file)] += itself
    return spent


def _is_own(file: str) -> bool:
    return Path(file).is_relative_to(_PACKAGE)


def _shown(file: str) -> str:
    return Path(file).relative_to(_PACKAGE).as_posix()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_figures(sys.argv[1]))))
