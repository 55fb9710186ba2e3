"""What the same work takes again and again, and what after a request: `python -m benchmarks.cold` prints JSON.

The work is the headers of a quiet request. Between two of them nothing happens, or a request of a bare application:
then the processor has lost the guard's code from its caches, and its guesses of where that leads.
"""

from __future__ import annotations

import asyncio
import gc
import json
from time import perf_counter

from starlette.types import ASGIApp

from benchmarks.analysis import headers, recorded
from benchmarks.workloads import make_app, make_engine, send_request
from query_guard.capture.window.recorder import Recorder

BETWEEN = ("/select/0", "/core/1", "/select/1", "/select/3")
_TIMES = 1_500


async def _seconds(recorder: Recorder, app: ASGIApp, path: str | None) -> float:
    """Return the lower quartile."""
    times: list[float] = []
    for _ in range(_TIMES):
        if path is not None:
            await send_request(app, path)
        before = perf_counter()
        headers(recorder)
        times.append(perf_counter() - before)
    return sorted(times)[_TIMES // 4]


async def _figures() -> dict[str, float]:
    app = make_app(await make_engine("sqlite"))
    recorder = await recorded(1)
    gc.disable()
    paths = (None, *BETWEEN)
    for path in paths:
        await _seconds(recorder, app, path)
    return {path or "nothing": await _seconds(recorder, app, path) for path in paths}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_figures())))
