"""Instructions of a request as users have it: callgrind counts those of a server, which no other process disturbs.

It asks on one connection, and counts many requests at once: between two marks there is a mark's own request, too.
`python -m benchmarks.served_instructions bare` is one server that can be counted, which says its port.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from benchmarks.instructions import Counts, be_patient, callgrind, total
from benchmarks.serving import EMPTY, SELECT, attached, command_of, connect, fill, make_app, serve, start

COUNTED = ("bare", "bare_again", "switched_off", "not_sampled_without_headers", "not_sampled", "query_guard")
MARK, COLLECT = "/mark", "/collect"
WARM_UPS, AT_A_TIME = 150, 30


async def count_served(postgres: str, *, repeats: int) -> Counts:
    """Return the instructions of one request, by contestant and path; two contestants are counted at a time."""
    await fill(postgres)
    at_a_time = asyncio.Semaphore(os.cpu_count() or 1)

    async def counted(contestant: str) -> dict[str, list[int]]:
        async with at_a_time:
            return await _count_one(contestant, postgres, repeats)

    return dict(zip(COUNTED, await asyncio.gather(*map(counted, COUNTED)), strict=True))


async def _count_one(contestant: str, postgres: str, repeats: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {SELECT: [], EMPTY: []}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        server = start([*callgrind(out), *command_of("served_instructions", contestant)], postgres, "0")
        try:
            [client] = await connect(server, 1)
            for path in (SELECT, EMPTY) * WARM_UPS:
                await client.get(path)
            for path in (SELECT, EMPTY) * repeats:
                for asked in (COLLECT, MARK, *[path] * AT_A_TIME, MARK):
                    await client.get(asked)
                marks = 2 * sum(map(len, found.values()))
                found[path].append(total(Path(f"{out}.{marks + 2}")) // AT_A_TIME)
        finally:
            server.kill()
            server.communicate()
    return found


def _make_app(engine: Any) -> FastAPI:
    app = make_app(engine)

    @app.get(MARK)
    async def mark() -> None:
        os.getppid()

    @app.get(COLLECT)
    async def collect() -> None:
        gc.collect()
        gc.freeze()
        gc.disable()

    return app


if __name__ == "__main__":
    be_patient()
    asyncio.run(serve(attached(sys.argv[1], _make_app)))
