"""Windows around one another each know what a window alone would know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from query_guard import record
from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Facts
from tests.capture.sampled import sampled_engine
from tests.models import User

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has a watcher


@pytest.fixture
def engine() -> Iterator[Engine]:
    install()
    with sampled_engine(users=2) as engine:
        yield engine


def work(engine: Engine) -> None:
    with Session(engine) as session:
        for user in session.scalars(select(User).order_by(User.id)):
            assert len(user.posts) == 3
        session.commit()


def told(facts: Facts) -> list[tuple[object, ...]]:
    rows = [(row.serial, row.loaded_by, row.brought, row.connection > 0) for row in facts.statements]
    return [*rows, *[(one.outcome,) for one in facts.checkouts], *[(one.outcome,) for one in facts.transactions]]


ALONE = [(1, None, 2, True), (2, 1, 3, True), (3, 1, 3, True), ("returned",), ("committed",)]


def test_a_window_alone(engine: Engine) -> None:
    with record("alone") as alone:
        work(engine)
    assert told(alone.report.facts) == ALONE


def test_a_window_within_another(engine: Engine) -> None:
    with record("outer") as outer, record("inner") as inner:
        work(engine)
    assert told(outer.report.facts) == told(inner.report.facts) == ALONE


def test_a_window_within_one_that_has_no_room_or_watches_other_engines(engine: Engine) -> None:
    full, others = Recorder(), Recorder(frozenset())
    full.room = 0
    for around in (full, others):
        with open_window(around), record("inner") as inner:
            work(engine)
        assert (told(inner.report.facts), inner.own_errors) == (ALONE, {})
    assert (full.query_count, full.loads, full.fetched) == (3, [], {})
    assert (others.query_count, others.checkouts, others.transactions) == (0, [], [])


def test_a_watcher_without_any_window(engine: Engine, watcher: Recorder) -> None:
    work(engine)
    assert (watcher.query_count, len(watcher.loads), watcher.fetched[1]) == (3, 6, 2)
    with record("inner") as inner:
        work(engine)
    assert told(inner.report.facts) == ALONE
    assert watcher.query_count == 6
