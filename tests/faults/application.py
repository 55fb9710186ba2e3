"""The application that is guarded while the guard fails: every kind of work that passes through the guard's hands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine, event, exc, func, insert, select, text
from sqlalchemy.exc import IntegrityError, MissingGreenlet, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, selectinload

from tests.faults.database import Author, Book

app = FastAPI()


class Engines:
    """The engines of one run; `ending` has one connection, and nobody waits for long."""

    plain: Engine
    asynchronous: AsyncEngine
    ending: Engine
    listened: Engine
    two_phases: Engine
    is_waiting: asyncio.Event


engines = Engines()


def sync_session() -> Iterator[Session]:
    with Session(engines.plain) as session:
        yield session


async def async_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engines.asynchronous) as session:
        yield session


Sync = Annotated[Session, Depends(sync_session, scope="function")]
Async = Annotated[AsyncSession, Depends(async_session, scope="function")]


@app.get("/loops")
def loops(session: Sync) -> list[int]:
    counts = [len(author.books) for author in session.scalars(select(Author).order_by(Author.id))]
    session.add(Author(name="new"))
    session.commit()
    return counts


@app.get("/reads")
def reads(session: Sync) -> list[int]:
    return [len(author.books) for author in session.scalars(select(Author).order_by(Author.id))]


@app.get("/gathers")
async def gathers(session: Async) -> list[int]:
    async def count(number: int) -> int:
        async with engines.asynchronous.connect() as connection:
            return await connection.scalar(select(func.count()).where(Book.author_id == number)) or 0

    counts = await asyncio.gather(count(1), count(2))
    author = (await session.scalars(select(Author).limit(1))).one()
    with suppress(StatementError, MissingGreenlet):
        author.books  # noqa: B018
    loaded = (await session.scalars(select(Author).options(selectinload(Author.books)))).all()
    session.add(Book(author_id=1))
    await session.commit()
    return [*counts, len(loaded)]


@app.get("/savepoints")
def savepoints(session: Sync) -> int:
    for name in ("one", "two"):
        with session.begin_nested():
            session.add(Author(name=name))
    with suppress(ValueError), session.begin_nested():
        session.add(Author(name="three"))
        session.flush()
        raise ValueError
    session.commit()
    return session.scalar(select(func.count(Author.id))) or 0


@app.get("/conflicts")
def conflicts(session: Sync) -> str:
    with suppress(IntegrityError), session.begin_nested():
        session.execute(insert(Author), {"name": "author 1"})
    session.execute(insert(Author), [{"name": "four"}, {"name": "five"}])
    session.commit()
    return "dealt with"


@app.get("/raises")
def raises(session: Sync) -> None:
    session.add(Author(name="lost"))
    session.flush()
    raise LookupError("of the application")


@app.get("/refuses")
async def refuses(session: Async) -> None:
    session.add(Author(name="author 1"))
    await session.commit()


@app.get("/streams")
async def streams() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        async with engines.asynchronous.connect() as connection:
            for number in range(3):
                yield str(await connection.scalar(text(f"SELECT {number}")))

    return StreamingResponse(parts())


@app.get("/breaks")
async def breaks() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        yield "begun"
        with engines.plain.begin() as connection:
            connection.execute(insert(Author), {"name": "half"})
            raise LookupError("of the stream")

    return StreamingResponse(parts())


@app.get("/works-later")
async def works_later(tasks: BackgroundTasks) -> int:
    def work() -> None:
        with Session(engines.plain) as session:
            session.add(Author(name="later"))
            session.commit()
        raise LookupError("of the background")

    tasks.add_task(work)
    return 1


@app.get("/many")
def many() -> int:
    with engines.plain.connect() as connection:
        return sum(connection.scalar(text("SELECT 1")) or 0 for _ in range(501))


@app.get("/runs-out")
def runs_out() -> str:
    with engines.ending.connect() as connection:
        connection.execute(text("SELECT 1"))
        with suppress(exc.TimeoutError):
            engines.ending.connect()
        connection.invalidate()
    with engines.ending.connect() as connection:
        connection.detach()
        connection.execute(text("SELECT 2"))
    return "and was full again"


@app.get("/listens")
def listens() -> int:
    with engines.listened.begin() as connection:
        with suppress(IntegrityError), connection.begin_nested():
            connection.execute(insert(Author), {"name": "author 1"})
        connection.execute(insert(Author), {"name": "heard"})
        return connection.scalar(text("SELECT 1")) or 0


@app.get("/in-two-phases")
def in_two_phases() -> int:
    with engines.two_phases.connect() as connection:
        with connection.begin_twophase() as transaction:
            connection.execute(insert(Author), {"name": "kept"})
            transaction.prepare()
            transaction.commit()
        with connection.begin_twophase() as transaction:
            connection.execute(insert(Author), {"name": "dropped"})
            transaction.rollback()
        return 2


@app.get("/blocks")
async def blocks() -> int:
    with engines.plain.begin() as connection:
        connection.execute(insert(Author), {"name": "slow"})
        time.sleep(0.012)
        await asyncio.sleep(0.012)
    return 1


@app.get("/forgets")
async def forgets() -> int:
    connection = engines.ending.connect()
    connection.execute(text("SELECT 1"))
    connection.close()
    return 1


@app.get("/waits")
async def waits(session: Async) -> None:
    session.add(Author(name="never"))
    await session.flush()
    engines.is_waiting.set()
    await asyncio.sleep(3600)


@app.websocket("/talks")
async def talks(websocket: WebSocket) -> None:
    await websocket.accept()
    for _ in range(2):
        number = int(await websocket.receive_text())
        with engines.plain.begin() as connection:
            connection.execute(insert(Author), {"name": f"said {number}"})
        await websocket.send_text(str(number))
    await websocket.close()


@event.listens_for(Session, "after_flush")
def _listener_of_the_application(*_: Any) -> None:
    """Listen as applications do, so that ours are not alone."""


in_production = FastAPI(routes=app.routes)
"""The same application as it runs in production: its requests are not sampled."""
