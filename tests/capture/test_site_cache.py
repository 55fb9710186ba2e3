"""A site_cache says what a walk would have said, from wherever SQLAlchemy was called."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard.capture.origin import call_site as call_site_module
from query_guard.capture.origin import site_cache
from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.site_cache import SiteCache
from query_guard.records import CallSite

Pair = tuple[CallSite, CallSite]


class Sites:
    """The site of each statement of an engine, by one site_cache and by a walk."""

    def __init__(self, engine: Engine) -> None:
        self.site_cache = SiteCache()
        self.pairs: list[Pair] = []
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, *_: object) -> None:
        self.pairs.append((self.site_cache.site(1), call_site(sys._getframe(1))))

    @property
    def keys(self) -> list[int]:
        assert all(quick == walked for quick, walked in self.pairs), self.pairs
        return [quick.key for quick, _ in self.pairs]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    yield engine
    engine.dispose()


def send(session: Session) -> None:
    session.execute(text("SELECT 1"))


def by_helper(session: Session) -> None:
    send(session)


def by_recursion(session: Session, depth: int) -> None:
    if depth:
        by_recursion(session, depth - 1)
    else:
        send(session)


def test_a_loop_and_its_neighbours_are_distinguished(engine: Engine) -> None:
    sites = Sites(engine)
    with Session(engine) as session:
        for _ in range(3):
            send(session)
            send(session)
            by_helper(session)
            session.connection().execute(text("SELECT 1"))
    assert len({*sites.keys}) == 4
    assert sites.keys == sites.keys[:4] * 3


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Give the walks that are made from now on."""
    made: list[object] = []

    def walked(*where: Any) -> Any:
        made.append(where)
        return call_site_module.walked(*where)

    monkeypatch.setattr(site_cache, "walked", walked)
    return made


def test_a_known_way_is_not_walked_again(engine: Engine, walks: list[object]) -> None:
    sites = Sites(engine)
    with Session(engine) as session:
        for _ in range(5):
            by_helper(session)
        assert (len(sites.keys), len(walks)) == (5, 1)
        for _ in range(5):
            by_recursion(session, 2)
            by_helper(session)
    assert (len(sites.keys), len(walks)) == (15, 3)


def test_a_method_that_a_thread_was_given_was_called_from_nowhere(engine: Engine, walks: list[object]) -> None:
    sites = Sites(engine)
    with Session(engine) as session, ThreadPoolExecutor(1) as executor:
        for _ in range(3):
            thread = threading.Thread(target=session.execute, args=(text("SELECT 1"),))
            thread.start()
            thread.join()
            executor.submit(session.execute, text("SELECT 1")).result()
    assert [(quick.frames, quick.boundary) for quick, _ in sites.pairs] == [((), ""), ((), "task")] * 3
    assert len(walks) == 2


def test_recursion_is_one_site_at_any_depth(engine: Engine) -> None:
    sites = Sites(engine)
    with Session(engine) as session:
        for depth in (0, 3, 1, 3):
            by_recursion(session, depth)
    assert len({*sites.keys[1:]}) == 1


def test_more_callers_of_one_helper_than_are_remembered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_cache, "_MAX_PATHS", 5)
    sites = Sites(engine)
    callers: list[Callable[[Session], None]] = [
        eval(f"lambda session: {'(' * n}send(session){')' * n}", {"send": by_helper}) for n in range(20)
    ]
    with Session(engine) as session:
        for _ in range(2):
            for caller in callers:
                caller(session)
    assert len(sites.keys) == 40


@pytest.mark.asyncio
async def test_the_way_goes_on_beyond_the_greenlet(walks: list[object]) -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    sites = Sites(engine.sync_engine)

    async def ask(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT 1"))

    def inside(connection: object) -> None:
        with Session(bind=connection) as session:  # type: ignore[arg-type]  # run_sync() gives a Connection
            send(session)

    async with engine.connect() as connection:
        for _ in range(3):
            await ask(connection)
            await connection.run_sync(inside)
            await ask(connection)
    await engine.dispose()
    assert (len({*sites.keys}), len(walks)) == (3, 3)
    assert sites.keys == sites.keys[:3] * 3
    functions = [[frame.function for frame in quick.frames][:2] for quick, _ in sites.pairs[:2]]
    name = "test_the_way_goes_on_beyond_the_greenlet"
    assert functions == [["ask", name], ["send", "inside"]]


def test_the_end_of_a_thread_is_the_end_of_a_way(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """`def` endpoints run in threads: a way known last must not be looked for in the tree."""
    looked_for: list[object] = []
    monkeypatch.setattr(site_cache, "_matches", lambda *where: looked_for.append(where))
    sites = Sites(engine)

    def work() -> None:
        with Session(engine) as session:
            for _ in range(3):
                send(session)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len({*sites.keys}) == 1
    assert not looked_for
