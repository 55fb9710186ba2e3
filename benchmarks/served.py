"""Throughput and latency under uvicorn on loopback: servers of several contestants answer one client in turn.

Each request is one ORM select on asyncpg, and the client asks again as soon as it has been answered.
`python -m benchmarks.served serve bare` is one server, which says its port.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from statistics import quantiles
from time import perf_counter
from typing import TypeAlias

import uvicorn

from benchmarks.rounds import ROOT
from benchmarks.worker import attached

SERVED = ("bare", "bare_again", "query_guard")
Served: TypeAlias = dict[str, dict[str, list[float]]]
"""Contestant -> `rate`, requests a second, and `p99`, seconds; figures at one index are of one round."""

_REQUEST = b"GET /select/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
_WARM_UP, _ASKED = 500, 500


async def measure(postgres: str, *, rounds: int) -> Served:
    """Return the figures of all contestants on one server of PostgreSQL."""
    found: Served = {contestant: {"rate": [], "p99": []} for contestant in SERVED}
    servers = {contestant: _start(contestant, postgres) for contestant in SERVED}
    try:
        clients = {contestant: await _connect(server) for contestant, server in servers.items()}
        for client in clients.values():
            await _times(*client, _WARM_UP)
        for number in range(rounds):
            for contestant in SERVED if number % 2 else reversed(SERVED):
                times = await _times(*clients[contestant], _ASKED)
                found[contestant]["rate"].append(len(times) / sum(times))
                found[contestant]["p99"].append(quantiles(times, n=100)[-1])
    finally:
        for server in servers.values():
            server.kill()  # a polite end would wait for the client to hang up
            server.communicate()
    return found


def _start(contestant: str, postgres: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.served", "serve", contestant]
    environment = {**os.environ, "BENCHMARKS_POSTGRES_URL": postgres}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)


async def _connect(server: subprocess.Popen[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    assert server.stdout is not None
    port = server.stdout.readline()
    if not port:
        raise RuntimeError(f"a server ended early, its error is above; run it by hand: {server.args!r}")
    return await asyncio.open_connection("127.0.0.1", int(port))


async def _times(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> list[float]:
    times: list[float] = []
    for _ in range(number):
        started = perf_counter()
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a server answered {head[:40]!r}, expected 200; run it by hand")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        times.append(perf_counter() - started)
    return times


async def _serve(contestant: str) -> None:
    app = await attached(contestant, "asyncpg")
    # asyncio sends at once, instead of waiting for more, only where the socket says that it is TCP
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_keep_alive=3_600)
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[2]))
