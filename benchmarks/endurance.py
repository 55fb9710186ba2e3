"""Whether memory stays flat over many requests: `python -m benchmarks.endurance` prints one line of JSON.

`python -m benchmarks.endurance 1000 /select/5` says how many requests, and of which path. A contestant may follow, such
as `with_telemetry`, in place of `query_guard`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from pathlib import Path

from benchmarks.worker import attached
from benchmarks.workloads import send_request

_REQUESTS = 200_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


async def _figures(requests: int = _REQUESTS, path: str = "", contestant: str = "query_guard") -> dict[str, float]:
    """Return the bytes by which the process grew, after a tenth of the requests had warmed it up."""
    app = await attached(contestant, "sqlite")
    before = 0
    for number in range(requests):
        if number == requests // 10:
            before = _resident()
        await asyncio.sleep(0)
        mixed = "/select/0" if number % 10 else "/core/1" if number % 100 else "/select/3"
        await send_request(app, path or mixed)
    return {"growth": _resident() - before}


if __name__ == "__main__":
    given = sys.argv[1:]
    print(json.dumps(asyncio.run(_figures(int(given[0]), *given[1:]) if given else _figures())))
