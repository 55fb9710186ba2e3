"""Whether memory stays flat over many requests: `python -m benchmarks.endurance` prints one line of JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from pathlib import Path

from benchmarks.worker import attached
from benchmarks.workloads import send_request

_REQUESTS = 200_000
_WARM_UP = 20_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


async def _figures() -> dict[str, float]:
    """Return the bytes by which the process grew, after it had warmed up."""
    app = await attached("query_guard", "sqlite")
    before = 0
    for number in range(_REQUESTS):
        if number == _WARM_UP:
            before = _resident()
        await asyncio.sleep(0)
        path = "/select/0" if number % 10 else "/core/1" if number % 100 else "/select/3"
        await send_request(app, path)
    return {"growth": _resident() - before}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_figures())))
