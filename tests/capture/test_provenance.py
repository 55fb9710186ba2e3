"""Which statement brought an object, and how many objects a statement brought."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from query_guard import record
from query_guard.capture.hooks import provenance
from query_guard.records import Facts, LoadPath
from tests.databases import Profiler
from tests.models import Post, User

pytestmark = pytest.mark.asyncio


async def facts_of(profile: Profiler, body: Callable[[Session], object]) -> Facts:
    return (await profile.block(body)).facts


async def test_the_select_of_an_object_is_known_whatever_followed(profile: Profiler) -> None:
    def work(session: Session) -> None:
        users = session.scalars(select(User).order_by(User.id)).all()
        session.scalars(select(User.id)).all()
        session.scalars(select(User).where(User.id == 1)).all()
        len(users[0].posts)

    facts = await facts_of(profile, work)
    assert [row.loaded_by for row in facts.statements] == [None, None, None, 1]


async def test_an_object_that_was_added_was_loaded_by_none(profile: Profiler) -> None:
    def work(session: Session) -> None:
        user = User(id=100, name="new")
        session.add(user)
        session.flush()
        len(user.posts)
        session.rollback()

    facts = await facts_of(profile, work)
    assert [row.loaded_by for row in facts.statements] == [None, 0]


async def test_an_object_of_an_earlier_window_is_not_known(profile: Profiler) -> None:
    kept: list[Any] = []

    def load(session: Session) -> None:
        kept.append(session.scalars(select(User).where(User.id == 1)).one())
        with record("later") as recording:
            len(kept[0].posts)
        assert [row.loaded_by for row in recording.report.facts.statements] == [None]

    await profile.database.run(load)


async def test_the_rows_that_came_are_counted_where_the_driver_does_not(profile: Profiler) -> None:
    def work(session: Session) -> None:
        users = session.scalars(select(User).order_by(User.id).limit(3)).all()
        session.scalars(select(User).where(User.id == 99)).all()
        len(users[0].posts)

    facts = await facts_of(profile, work)
    assert [row.brought for row in facts.statements] == [3, 0, 3]


async def test_rows_are_not_counted_where_they_are_streamed(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for part in session.scalars(select(User).execution_options(yield_per=2)).partitions():
            assert len(part) <= 2

    (row,) = (await facts_of(profile, work)).statements
    assert row.loaded is None


def shown(way: LoadPath) -> tuple[int | None, str, list[str], tuple[bool, ...]]:
    return (way.root.serial if way.root else None, way.how, [step.name for step in way.steps], way.lazy)


async def ways(profile: Profiler, body: Callable[[Session], object]) -> list[tuple[Any, ...]]:
    facts = await facts_of(profile, body)
    return [shown(facts.load_paths.of(row)) for row in facts.statements if row.loader is not None]


async def test_a_way_leads_over_lazy_loads(profile: Profiler) -> None:
    def work(session: Session) -> None:
        user = session.scalars(select(User).where(User.id == 1)).one()
        len(user.posts[0].comments)

    assert await ways(profile, work) == [(1, "selected", [], ()), (1, "selected", ["User.posts"], (True,))]


async def test_a_way_leads_over_what_was_loaded_ahead(profile: Profiler) -> None:
    def work(session: Session) -> None:
        user = session.scalars(select(User).where(User.id == 1).options(selectinload(User.posts))).one()
        len(user.posts[0].comments)

    assert await ways(profile, work) == [(1, "selected", [], ()), (1, "selected", ["User.posts"], (False,))]


async def test_a_way_leads_over_what_was_joined(profile: Profiler) -> None:
    def work(session: Session) -> None:
        post = session.scalars(select(Post).options(joinedload(Post.author)).limit(1)).one()
        assert post.author is not None
        len(post.author.posts)

    assert await ways(profile, work) == [(1, "selected", ["Post.author"], (False,))]


async def test_a_way_begins_at_an_alias(profile: Profiler) -> None:
    def work(session: Session) -> None:
        writer = aliased(User)
        len(session.scalars(select(writer).limit(1)).one().posts)

    assert await ways(profile, work) == [(1, "selected", [], ())]


async def test_got_refreshed_and_expired_are_distinguished(profile: Profiler) -> None:
    def work(session: Session) -> None:
        user = session.get_one(User, 1)
        len(user.posts)
        session.refresh(user)
        len(user.posts)
        session.commit()
        len(user.posts)

    found = await ways(profile, work)
    assert [how for _, how, _, _ in found] == ["got", "got", "refreshed", "refreshed", "expired"]


@pytest.mark.parametrize("driver", ["sqlite3"], indirect=True)
async def test_a_row_of_another_thread_in_between_is_not_taken_for_it(
    profile: Profiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_ident = threading.get_ident

    def work(session: Session) -> None:
        def ident_after_another() -> int:
            monkeypatch.setattr(provenance, "get_ident", own_ident)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(copy_context().run, elsewhere).result()
            return own_ident()

        def elsewhere() -> None:
            with Session(session.get_bind()) as another:
                another.execute(text("SELECT 1"))

        monkeypatch.setattr(provenance, "get_ident", ident_after_another)
        users = session.scalars(select(User)).all()
        len(users[0].posts)

    facts = await facts_of(profile, work)
    assert [row.loaded_by for row in facts.statements] == [None, None, 1]


@pytest.mark.parametrize("driver", ["sqlite3"], indirect=True)
async def test_a_failure_of_it_leaves_the_result_as_it_is(profile: Profiler, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("its own")

    monkeypatch.setattr(provenance, "get_ident", fail)

    def work(session: Session) -> None:
        users = session.scalars(select(User)).all()
        assert [len(user.posts) for user in users] == [3] * 5

    report = await profile.block(work)
    assert report.query_count == 6
    assert {row.loaded_by for row in report.facts.statements} == {None}
