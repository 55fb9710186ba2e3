"""Bytes that a window holds. `python -m benchmarks.memory` is one process and prints one line of JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from sys import getsizeof

from starlette.types import ASGIApp

from benchmarks.workloads import make_app, make_engine, send_request
from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import SHARED, VALUES, Row


async def held(app: ASGIApp, times: int) -> int:
    """Return what a window of so many statements holds when the request is over."""
    recorder = Recorder()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    with open_window(recorder, request=True):
        await send_request(app, f"/select/{times}")
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    assert recorder.query_count == times
    return after - before


def parts(row: Row) -> dict[str, float]:
    """Return the bytes of what a row alone holds, in the order of their weight, and of what it shares with its like."""
    value = row[VALUES]
    return {
        f"its tuple of {len(row)} fields": getsizeof(row),
        "start and duration": getsizeof(row[1]) + getsizeof(row[2]),
        "hash of its value": getsizeof(value),
        f"shared with the rows of its loop: {len(row[SHARED])} fields": getsizeof(row[SHARED]),
    }


async def _figures() -> dict[str, float]:
    install()
    app = make_app(await make_engine("sqlite"))
    await send_request(app, "/select/100")
    tracemalloc.start()
    await held(app, 100)
    few, many, full = [await held(app, times) for times in (200, 700, 10_000)]
    recorder = Recorder()
    with open_window(recorder, request=True):
        await send_request(app, "/select/1")
    return {"statement": (many - few) / 500, "window": full, **parts(recorder.rows[0])}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_figures())))
