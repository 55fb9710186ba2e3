"""Throughput and latency as users have them: FastAPI under uvicorn on loopback, servers of several contestants in turn.

A request is one ORM select on asyncpg, or touches no database. Under load, eight connections ask again as soon as they
have been answered; at rest, one asks, waits and asks again, so that the event loop is idle in between.
`python -m benchmarks.served bare` is one server, which says its port.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any, NamedTuple, TypeAlias

import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.contestants import contestant_named
from benchmarks.rounds import ROOT
from benchmarks.workloads import POSTGRES_URL

SERVED = ("bare", "bare_again", "switched_off", "not_sampled", "one_in_ten", "query_guard")
CONNECTIONS = 8
FIGURES = ("select_rate", "select_p99", "select_cpu", "empty_rate", "empty_p99", "empty_cpu", "at_rest")
Served: TypeAlias = dict[str, dict[str, list[float]]]
"""Contestant -> figure -> values, one a round: rates in requests a second, all others in seconds.

`cpu` is the processor time of the server for one request: of all figures the one that other processes disturb least.
"""

_SELECT, _EMPTY, _SPENT = "/users/7", "/empty", "/spent"
_WARM_UP, _UNDER_LOAD, _AT_REST = 1_000, 800, 40
_REST = 0.004
"""Seconds between two requests at rest."""


class Client(NamedTuple):
    """A connection to one server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, path: str) -> float:
        """Return the seconds until the answer was there."""
        started = perf_counter()
        await self.get(path)
        return perf_counter() - started

    async def get(self, path: str) -> bytes:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a server answered {head[:40]!r}, expected 200; run it by hand")
        return await self.reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]))


async def measure(postgres: str, *, rounds: int) -> Served:
    """Return the figures of all contestants on one server of PostgreSQL."""
    await _fill(postgres)
    found: Served = {contestant: {figure: [] for figure in FIGURES} for contestant in SERVED}
    servers = {contestant: _start(contestant, postgres) for contestant in SERVED}
    try:
        clients = {contestant: await _connect(server) for contestant, server in servers.items()}
        for of_server in clients.values():
            await _load(of_server, _SELECT, _WARM_UP)
            await _load(of_server, _EMPTY, _WARM_UP)
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
    loaded = [await _load(clients, path, _UNDER_LOAD) for path in (_SELECT, _EMPTY)]
    return *loaded[0], *loaded[1], await _at_rest(clients[0])


async def _load(clients: Sequence[Client], path: str, number: int) -> tuple[float, float, float]:
    """Return requests a second, the 99th percentile of their seconds, and the server's own seconds for one of them."""
    times: list[float] = []

    async def ask_on(client: Client) -> None:
        times.extend([await client.ask(path) for _ in range(number // len(clients))])

    spent = float(await clients[0].get(_SPENT))
    started = perf_counter()
    await asyncio.gather(*map(ask_on, clients))
    seconds = perf_counter() - started
    spent = float(await clients[0].get(_SPENT)) - spent
    return len(times) / seconds, quantiles(times, n=100)[-1], spent / len(times)


async def _at_rest(client: Client) -> float:
    times = []
    for _ in range(_AT_REST):
        await asyncio.sleep(_REST)
        times.append(await client.ask(_SELECT))
    return median(times)


def _start(contestant: str, postgres: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.served", contestant]
    environment = {**os.environ, POSTGRES_URL: postgres}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)


async def _connect(server: subprocess.Popen[str]) -> list[Client]:
    assert server.stdout is not None
    port = server.stdout.readline()
    if not port:
        raise RuntimeError(f"a server ended early, its error is above; run it by hand: {server.args!r}")
    return [Client(*await asyncio.open_connection("127.0.0.1", int(port))) for _ in range(CONNECTIONS)]


class Base(DeclarativeBase):
    pass


class User(Base):
    """Of the server's one database: the connections of all pools read it."""

    __tablename__ = "served_users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


async def _fill(postgres: str) -> None:
    engine = create_async_engine(postgres)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(User), [{"id": number, "name": f"user {number}"} for number in range(10)])
    await engine.dispose()


def make_app(engine: Any) -> FastAPI:
    """Return an application as people write them: a session for each request, from a dependency."""
    app = FastAPI()
    make_session = async_sessionmaker(engine, expire_on_commit=False)

    async def session_of_request() -> Any:
        async with make_session() as session:
            yield session

    use_session = Depends(session_of_request)

    @app.get("/users/{user_id}")
    async def user(user_id: int, session: AsyncSession = use_session) -> dict[str, str]:
        return {"name": (await session.scalars(select(User).where(User.id == user_id))).one().name}

    @app.get("/empty")
    async def empty() -> dict[str, str]:
        return {}

    @app.get(_SPENT)
    async def spent() -> float:
        return process_time()

    return app


async def _serve(contestant: str) -> None:
    engine = create_async_engine(os.environ[POSTGRES_URL], pool_size=CONNECTIONS, max_overflow=0)
    app = make_app(engine)
    contestant_named(contestant)(app, engine)
    # asyncio sends at once, instead of waiting for more, only where the socket says that it is TCP
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_keep_alive=3_600)
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
