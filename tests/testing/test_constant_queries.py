"""assert_constant_queries: does the number of statements grow with the number of rows?"""

from __future__ import annotations

import re
import unittest
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.pool import StaticPool

from query_guard.testing import assert_constant_queries, assert_num_queries, record_queries
from tests.models import Base, Post, User


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest_asyncio.fixture
async def async_engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    await engine.dispose()


def users(number: int) -> list[User]:
    return [User(name="someone", posts=[Post(title="first")]) for _ in range(number)]


class Calls:
    """A lazy and an eager way to the same rows, and how they are made."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.added: list[int] = []

    def populate(self, number: int) -> None:
        self.added.append(number)
        with Session(self.engine) as session:
            session.add_all(users(number))
            session.commit()

    def lazy(self) -> int:
        with Session(self.engine) as session:
            return sum(len(user.posts) for user in session.scalars(select(User).order_by(User.id)))

    def eager(self) -> int:
        with Session(self.engine) as session:
            return sum(len(user.posts) for user in session.scalars(select(User).options(selectinload(User.posts))))


@pytest.fixture
def calls(engine: Engine) -> Calls:
    return Calls(engine)


def without_lines(message: object) -> str:
    return re.sub(r" AS \w+", "", re.sub(r"\.py:\d+", ".py:N", str(message)))


def test_a_constant_number_passes(calls: Calls) -> None:
    assert_constant_queries(calls.eager, calls.populate)
    assert calls.added == [2, 3]


def test_growth_names_shapes_sites_and_the_fix(calls: Calls) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_constant_queries(calls.lazy, calls.populate)
    posts = (
        "SELECT posts.id, posts.title, posts.author_id, posts.updater_id FROM posts WHERE ? = posts.author_id "
        "ORDER BY posts.id"
    )
    assert without_lines(raised.value) == (
        "expected the same number of queries for any number of rows, got 3 with 2 rows added, 6 with 5 rows added; "
        "what grew:\n"
        f"  2 -> 5 x {posts} [User.posts]\n"
        "      tests/testing/test_constant_queries.py:N in lazy\n"
        f"  n_plus_one: User.posts was loaded 5 times, once for each object of a loop: {posts}\n"
        "    at tests/testing/test_constant_queries.py:N in lazy\n"
        "    called from tests/testing/test_constant_queries.py:N in test_growth_names_shapes_sites_and_the_fix\n"
        "    fix: Add .options(selectinload(User.posts)) to the select at tests/testing/test_constant_queries.py:N"
    )


def test_growth_that_no_finding_explains_says_what_to_do(calls: Calls) -> None:
    def each_its_own() -> None:
        with calls.engine.connect() as connection:
            for number in connection.scalars(text("SELECT id FROM users")).all():
                connection.execute(text(f"SELECT {number} AS n_{number}"))

    with pytest.raises(AssertionError) as raised:
        assert_constant_queries(each_its_own, calls.populate, scales=(1, 2))
    assert without_lines(raised.value) == (
        "expected the same number of queries for any number of rows, got 2 with 1 row added, 3 with 2 rows added; "
        "what grew:\n"
        "  0 -> 1 x SELECT ?\n"
        "      tests/testing/test_constant_queries.py:N in each_its_own\n"
        "    fix: send one statement for all rows, rather than one for each"
    )


def test_growth_between_any_two_scales_is_growth(calls: Calls) -> None:
    numbers = iter([3, 1, 2])

    def call() -> None:
        with calls.engine.connect() as connection:
            for _ in range(next(numbers)):
                connection.execute(text("SELECT 1"))

    with pytest.raises(AssertionError, match="got 3 with 1 row added, 1 with 2 rows added, 2 with 3 rows added"):
        assert_constant_queries(call, calls.populate, (1, 2, 3), warm_up=False)


def test_the_warm_up_does_not_count(calls: Calls) -> None:
    sent: list[bool] = []

    def cached() -> None:
        if not sent:
            calls.eager()
        sent.append(True)
        calls.eager()

    assert_constant_queries(cached, calls.populate)
    sent.clear()
    assert_constant_queries(cached, calls.populate, warm_up=False)  # shrinking is no growth


def test_only_the_call_counts(calls: Calls) -> None:
    with record_queries() as recording:
        assert_constant_queries(calls.eager, calls.populate)
    assert recording.query_count > 6, "the blocks around see the rows being made, too"
    with assert_num_queries(0):
        pass


def test_a_call_that_sends_nothing_proves_nothing(calls: Calls) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_constant_queries(lambda: None, calls.populate)
    assert str(raised.value) == (
        "expected a constant number of queries, got none at all:\n"
        "  nothing was sent: is the engine used in this process, and inside the block?"
    )


def test_the_calls_own_failure_wins(calls: Calls) -> None:
    with pytest.raises(ZeroDivisionError):
        assert_constant_queries(lambda: 1 / 0, calls.populate)
    with assert_num_queries(2):
        calls.eager()


@pytest.mark.parametrize("scales", [(), (2,), (5, 2), (2, 2), (0, 2), (-1, 2), (1.5, 2), (True, 2), "25", None])
def test_scales_must_increase(calls: Calls, scales: Any) -> None:
    with pytest.raises(
        ValueError, match=r"scales must be at least two numbers of rows that increase, such as \(2, 5\), not "
    ):
        assert_constant_queries(calls.eager, calls.populate, scales)
    assert calls.added == []


@pytest.mark.asyncio
@pytest.mark.parametrize("wrapped", [False, True])
async def test_async_calls_are_awaited(async_engine: AsyncEngine, wrapped: bool) -> None:
    added: list[int] = []

    async def populate(number: int) -> None:
        added.append(number)
        async with AsyncSession(async_engine) as session:
            session.add_all(users(number))
            await session.commit()

    async def eager() -> None:
        async with AsyncSession(async_engine) as session:
            (await session.scalars(select(User).options(selectinload(User.posts)))).all()

    async def lazy() -> None:
        async with AsyncSession(async_engine) as session:
            for user in (await session.scalars(select(User))).all():
                await user.awaitable_attrs.posts

    await assert_constant_queries((lambda: eager()) if wrapped else eager, populate)
    assert added == [2, 3]
    with pytest.raises(AssertionError, match=r"got 8 with 2 rows added, 11 with 5 rows added; what grew:\n  7 -> 10 x"):
        await assert_constant_queries((lambda: lazy()) if wrapped else lazy, populate)
    with pytest.raises(AssertionError, match="selectinload"):
        await assert_constant_queries((lambda: lazy()) if wrapped else lazy, populate, warm_up=False)


@pytest.mark.asyncio
async def test_a_sync_call_with_async_rows(calls: Calls) -> None:
    async def populate(number: int) -> None:
        calls.populate(number)

    await assert_constant_queries(calls.eager, populate)
    with pytest.raises(AssertionError, match="what grew"):
        await assert_constant_queries(calls.lazy, populate)


@pytest.mark.asyncio
async def test_a_failing_async_call_leaves_nothing_open(calls: Calls) -> None:
    async def fails() -> None:
        calls.eager()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await assert_constant_queries(fails, calls.populate)
    with assert_num_queries(2):
        calls.eager()


class WithUnittest(unittest.TestCase):
    def test_it_works_without_pytest(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        Base.metadata.create_all(engine)
        calls = Calls(engine)
        with self.assertRaises(AssertionError):
            assert_constant_queries(calls.lazy, calls.populate)
        engine.dispose()
