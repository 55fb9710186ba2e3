"""Throughput and latency as users have them: servers of several contestants in turn.

A request is one ORM select on asyncpg, or touches no database. Under load, eight connections ask again as soon as they
have been answered; at rest, one asks, waits and asks again, so that the event loop is idle in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from statistics import median, quantiles
from time import perf_counter
from typing import TypeAlias

from benchmarks.serving import CONNECTIONS, EMPTY, SELECT, SPENT, Client, command_of, connect, fill, start

SERVED = ("bare", "bare_again", "switched_off", "not_sampled", "one_in_ten", "query_guard")
FIGURES = ("select_rate", "select_p99", "select_cpu", "empty_rate", "empty_p99", "empty_cpu", "at_rest")
Served: TypeAlias = dict[str, dict[str, list[float]]]
"""Contestant -> figure -> values, one a round: rates in requests a second, all others in seconds.

`cpu` is the processor time of the server for one request: of all figures the one that other processes disturb least.
"""

_WARM_UP, _UNDER_LOAD, _AT_REST = 1_000, 800, 40
_REST = 0.004
"""Seconds between two requests at rest."""


async def measure(postgres: str, *, rounds: int) -> Served:
    """Return the figures of all contestants on one server of PostgreSQL."""
    await fill(postgres)
    found: Served = {contestant: {figure: [] for figure in FIGURES} for contestant in SERVED}
    servers = {contestant: start(command_of("serving", contestant), postgres) for contestant in SERVED}
    try:
        clients = {contestant: await connect(server, CONNECTIONS) for contestant, server in servers.items()}
        for of_server in clients.values():
            await _load(of_server, SELECT, _WARM_UP)
            await _load(of_server, EMPTY, _WARM_UP)
        for number in range(rounds):
            for contestant in SERVED if number % 2 else reversed(SERVED):
                for figure, value in zip(FIGURES, await _figures(clients[contestant]), strict=True):
                    found[contestant][figure].append(value)
    finally:
        for server in servers.values():
            server.kill()  # a polite end would wait for the client to hang up
            server.communicate()
    return found


async def _figures(clients: Sequence[Client]) -> tuple[float, ...]:
    """Return the figures of one round, in the order of FIGURES."""
    loaded = [await _load(clients, path, _UNDER_LOAD) for path in (SELECT, EMPTY)]
    return *loaded[0], *loaded[1], await _at_rest(clients[0])


async def _load(clients: Sequence[Client], path: str, number: int) -> tuple[float, float, float]:
    """Return requests a second, the 99th percentile of their seconds, and the server's own seconds for one of them."""
    times: list[float] = []

    async def ask_on(client: Client) -> None:
        times.extend([await client.ask(path) for _ in range(number // len(clients))])

    spent = float(await clients[0].get(SPENT))
    started = perf_counter()
    await asyncio.gather(*map(ask_on, clients))
    seconds = perf_counter() - started
    spent = float(await clients[0].get(SPENT)) - spent
    return len(times) / seconds, quantiles(times, n=100)[-1], spent / len(times)


async def _at_rest(client: Client) -> float:
    times = []
    for _ in range(_AT_REST):
        await asyncio.sleep(_REST)
        times.append(await client.ask(SELECT))
    return median(times)
