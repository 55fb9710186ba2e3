"""One contestant in a process of its own: `python -m benchmarks.worker floor sqlite /select/0 /select/20`.

It warms up, says it is ready, then times the path of each line it reads and answers with one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
from time import perf_counter

from starlette.types import ASGIApp

from benchmarks.contestants import contestant_named
from benchmarks.machine import pace
from benchmarks.workloads import make_app, make_engine, send_request

TIMED_SECONDS, TIMED_REQUESTS = 0.025, 5
WARM_UP_REQUESTS, WARM_UP_SECONDS = 300, 0.2
"""Of each path, until CPython has specialised its bytecode: a server is warm."""
REFRESHING_SECONDS = 0.008
"""Before each turn, until the processor knows this process again: the others have been at it."""


async def attached(contestant: str, driver: str) -> ASGIApp:
    """Return the application with one contestant on it."""
    logging.getLogger().addHandler(logging.NullHandler())
    engine = await make_engine(driver)
    app = make_app(engine)
    contestant_named(contestant)(app, engine)
    return app


async def _warm_up(app: ASGIApp, path: str, seconds: float) -> None:
    end = perf_counter() + seconds
    for _ in range(WARM_UP_REQUESTS):
        await asyncio.sleep(0)
        await send_request(app, path)
        if perf_counter() > end:
            break


async def _time(app: ASGIApp, path: str) -> float:
    """Return the lower quartile of some requests: of those that the machine disturbed least, the slowest."""
    times: list[float] = []
    end = perf_counter() + TIMED_SECONDS
    while len(times) < TIMED_REQUESTS or perf_counter() < end:
        await asyncio.sleep(0)  # a server, too, lets the loop turn between two requests
        before = perf_counter()
        await send_request(app, path)
        times.append(perf_counter() - before)
    return sorted(times)[len(times) // 4]


async def _serve(contestant: str, driver: str, paths: list[str]) -> None:
    app = await attached(contestant, driver)
    for path in paths:
        await _warm_up(app, path, WARM_UP_SECONDS)
    gc.collect()
    gc.freeze()
    gc.disable()
    _say(0.0, 0.0)
    for line in sys.stdin:
        await _warm_up(app, line.strip(), REFRESHING_SECONDS)
        before = pace()
        seconds = await _time(app, line.strip())
        slower = max(before, pace())
        gc.collect()  # before the answer, since it would disturb whoever is next
        _say(seconds, slower)


def _say(seconds: float, around: float) -> None:
    sys.stdout.write(json.dumps({"seconds": seconds, "pace": around}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], sys.argv[3:]))
