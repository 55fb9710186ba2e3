"""One contestant in a process of its own: `python -m benchmarks.worker floor sqlite /select/0 /select/20`.

It warms up, says it is ready, then times the path of each line it reads and answers with one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
from statistics import median
from time import perf_counter

from starlette.types import ASGIApp

from benchmarks.contestants import contestant_named
from benchmarks.layouts import Layouts
from benchmarks.workloads import make_app, make_engine, send_request

TIMED_SECONDS = 0.025
WARM_UP_REQUESTS = 100
"""After each change of layout, until CPython has specialised its bytecode again: a server is warm."""
LONGEST_WARM_UP = 0.12
"""Seconds, for requests of so many statements that a few have warmed up all but the request itself."""


async def attached(contestant: str, driver: str) -> ASGIApp:
    """Return the application with one contestant on it."""
    logging.getLogger().addHandler(logging.NullHandler())
    engine = await make_engine(driver)
    app = make_app(engine)
    contestant_named(contestant)(app, engine)
    return app


async def _warm_up(app: ASGIApp, path: str) -> None:
    end = perf_counter() + LONGEST_WARM_UP
    for _ in range(WARM_UP_REQUESTS):
        await asyncio.sleep(0)
        await send_request(app, path)
        if perf_counter() > end:
            break


async def _time(app: ASGIApp, path: str) -> float:
    """Return the median request; a request that was interrupted by the machine weighs no more than any other."""
    times: list[float] = []
    end = perf_counter() + TIMED_SECONDS
    while not times or times[-1] < end:
        await asyncio.sleep(0)  # a server, too, lets the loop turn between two requests
        before = perf_counter()
        await send_request(app, path)
        times += (before, perf_counter())
    return median(after - before for before, after in zip(times[::2], times[1::2], strict=True))


async def _serve(contestant: str, driver: str, paths: list[str]) -> None:
    app = await attached(contestant, driver)
    for path in paths:
        await _warm_up(app, path)
    gc.collect()
    layouts = Layouts()
    gc.freeze()
    gc.disable()
    _say(0.0)
    for line in sys.stdin:
        layouts.renew()
        await _warm_up(app, line.strip())
        _say(await _time(app, line.strip()))
        gc.collect()


def _say(seconds: float) -> None:
    sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], sys.argv[3:]))
