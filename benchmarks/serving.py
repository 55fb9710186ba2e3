"""An application as users have it, in a server of its own: FastAPI under uvicorn on loopback, with asyncpg.

`python -m benchmarks.serving bare` is one server, which says its port.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from time import perf_counter, process_time
from typing import Any, NamedTuple

import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.contestants import contestant_named
from benchmarks.rounds import ROOT
from benchmarks.workloads import POSTGRES_URL

SELECT, EMPTY, SPENT = "/users/7", "/empty", "/spent"
"""Paths: a request of one ORM select, one of no statement, and one that answers with the server's processor time."""
CONNECTIONS = 8


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


def start(command: Sequence[str], postgres: str, hash_seed: str = "random") -> subprocess.Popen[str]:
    """Start a server that will say its port."""
    environment = {**os.environ, POSTGRES_URL: postgres, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)


def command_of(module: str, contestant: str) -> list[str]:
    """Return the command that runs a server of this package."""
    return [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", contestant]


async def connect(server: subprocess.Popen[str], number: int) -> list[Client]:
    """Return so many connections to a server."""
    assert server.stdout is not None
    port = await asyncio.to_thread(server.stdout.readline)
    if not port:
        raise RuntimeError(f"a server ended early, its error is above; run it by hand: {server.args!r}")
    return [Client(*await asyncio.open_connection("127.0.0.1", int(port))) for _ in range(number)]


class Base(DeclarativeBase):
    pass


class User(Base):
    """Of the server's one database: the connections of all pools read it."""

    __tablename__ = "served_users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


async def fill(postgres: str) -> None:
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

    @app.get(SPENT)
    async def spent() -> float:
        return process_time()

    return app


def attached(contestant: str, make: Callable[[Any], FastAPI] = make_app) -> FastAPI:
    """Return the application with one contestant on it."""
    engine = create_async_engine(os.environ[POSTGRES_URL], pool_size=CONNECTIONS, max_overflow=0)
    app = make(engine)
    contestant_named(contestant)(app, engine)
    return app


async def serve(app: FastAPI) -> None:
    """Serve on a free port until the process is killed; the port is the first line that is printed."""
    # asyncio sends at once, instead of waiting for more, only where the socket says that it is TCP
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_keep_alive=3_600)
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(serve(attached(sys.argv[1])))
