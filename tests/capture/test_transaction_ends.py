"""How a transaction that wrote has ended: at which line, and by whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.recording import Recording
from query_guard.records import Transaction
from tests.models import Base, Tag


class RefusedError(Exception):
    """What the application raises."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest_asyncio.fixture
async def async_engine() -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    await engine.dispose()


def told(recording: Recording) -> tuple[str, str, str]:
    [transaction] = recording.report.facts.transactions
    return (transaction.outcome, transaction.ended_by, function_of(transaction))


def function_of(transaction: Transaction) -> str:
    frame = transaction.site.innermost
    return frame.function if frame is not None else ""


def commits(session: Session) -> None:
    session.commit()


def rolls_back(session: Session) -> None:
    session.rollback()


def forgets(session: Session) -> None:
    session.close()


def raises(session: Session) -> None:
    with pytest.raises(RefusedError), session:
        raise RefusedError


@pytest.mark.parametrize(
    ("end", "outcome", "by"),
    [
        (commits, "committed", "application"),
        (rolls_back, "rolled back", "application"),
        (forgets, "rolled back", "close"),
        (raises, "rolled back", "application"),
    ],
)
def test_the_end_of_a_session(engine: Engine, end: Callable[[Session], None], outcome: str, by: str) -> None:
    with record("job") as recording, Session(engine) as session:
        session.add(Tag(name="new"))
        session.flush()
        end(session)
    assert told(recording) == (outcome, by, end.__name__)


async def leaves_block(engine: AsyncEngine) -> None:
    async with async_sessionmaker(engine).begin() as session:
        session.add(Tag(name="new"))


async def leaves_block_by_exception(engine: AsyncEngine) -> None:
    with pytest.raises(RefusedError):
        async with async_sessionmaker(engine).begin() as session:
            session.add(Tag(name="new"))
            await session.flush()
            raise RefusedError


async def leaves_session(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        session.add(Tag(name="new"))
        await session.flush()


async def leaves_session_by_exception(engine: AsyncEngine) -> None:
    with pytest.raises(RefusedError):
        async with AsyncSession(engine) as session:
            session.add(Tag(name="new"))
            await session.flush()
            raise RefusedError


@pytest.mark.parametrize(
    ("leave", "outcome", "by"),
    [
        (leaves_block, "committed", "application"),
        (leaves_block_by_exception, "rolled back", "application"),
        (leaves_session, "rolled back", "close"),
        (leaves_session_by_exception, "rolled back", "application"),
    ],
)
@pytest.mark.asyncio
async def test_the_end_of_an_asynchronous_block(
    async_engine: AsyncEngine, leave: Callable[[AsyncEngine], Awaitable[None]], outcome: str, by: str
) -> None:
    with record("job") as recording:
        await leave(async_engine)
    assert told(recording)[:2] == (outcome, by)
    if "block" in leave.__name__:
        assert told(recording)[2] == leave.__name__


@pytest.mark.asyncio
async def test_each_block_has_its_own_line(async_engine: AsyncEngine) -> None:
    with record("job") as recording:
        await leaves_block(async_engine)
        await asyncio.create_task(leaves_block_by_exception(async_engine))
        async with AsyncSession(async_engine) as session:
            session.add(Tag(name="new"))
            await session.commit()
    assert [function_of(one) for one in recording.report.facts.transactions] == [
        "leaves_block",
        "leaves_block_by_exception",
        "test_each_block_has_its_own_line",
    ]
