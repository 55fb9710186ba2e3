"""The figures of a window and its facts have the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from query_guard.capture.freeze.facts import freeze
from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Figures, LoopBlock, Request
from tests.clock import Clock


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Engine]]:
    install()
    engines: list[Engine] = []

    def make(**options: Any) -> Engine:
        engines.append(create_engine("sqlite://", poolclass=QueuePool, **options))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


def test_numbers_are_those_of_the_pool_with_most_checkouts(make_engine: Callable[..., Engine]) -> None:
    often, once = (make_engine(pool_size=size) for size in (3, 7))
    recorder = Recorder()
    with open_window(recorder, request=True):
        for engine in (once, often, often):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
    figures, facts = WindowFigures(recorder).numbers(), freeze(recorder, Request("http", "GET", "/")).numbers
    assert (figures.query_count, figures.checkouts, figures.checked_out, figures.size) == (3, 2, 0, 3)
    assert figures == pytest.approx(facts)


def test_figures_count_statements_though_a_loop_shares_one_tuple(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine()
    recorder = Recorder()
    with open_window(recorder, request=True), engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
        for n in range(5):
            connection.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": n})
    figures = WindowFigures(recorder).read(Request("http", "POST", "/"))
    assert figures is not None
    assert (figures.statements, figures.writes, figures.repeated, figures.writes_in_read) == (6, 5, 4, 0)
    assert len({id(row[0]) for row in recorder.rows}) == 2


@pytest.mark.parametrize(("inner", "nested"), [(True, 1), (False, 0)])
def test_checkouts_are_nested_where_one_begins_before_another_ends(
    make_engine: Callable[..., Engine], inner: bool, nested: int
) -> None:
    engine = make_engine()
    recorder = Recorder()
    with open_window(recorder, request=True):
        outer = engine.connect()
        if not inner:
            outer.close()
        engine.connect().close()
        outer.close()
    figures = WindowFigures(recorder).read(Request("http", "GET", "/"))
    assert figures is not None
    assert figures.nested_checkouts == nested


def test_each_figure_of_a_window(clock: Clock, timed_engine: Engine) -> None:
    recorder = Recorder()
    with open_window(recorder, request=True), timed_engine.connect() as outer:
        outer.execute(text("CREATE TABLE numbers (n INTEGER)"))
        for seconds in (0.25, 0.5, 0.125):
            outer.execute(text(f"SELECT move({seconds})"))
        with pytest.raises(DBAPIError):
            outer.execute(text("SELECT nothing FROM nowhere"))
        outer.execute(text("INSERT INTO numbers VALUES (1)"))
        outer.commit()
        recorder.loop_blocks = (LoopBlock(clock.now - 0.375, clock.now), LoopBlock(clock.now, clock.now + 0.25))
        clock.move(1.0)
    request = Request("http", "GET", "/", budget=2)
    assert WindowFigures(recorder).read(request) == Figures(
        repeated=2,
        longest_statement=0.5,
        most_rows=1,
        failed_statements=1,
        writes=1,
        blocking_statements=0,
        joins=0,
        most_batches=0,
        statements=6,
        beyond_budget=4,
        writes_in_read=1,
        failed_loads=0,
        longest_block=0.375,
        nested_checkouts=0,
        longest_wait=0.0,
        lost_checkouts=0,
        changed_pools=0,
        written_transactions=1,
        longest_transaction=0.875,
    )
    of_post = WindowFigures(recorder).read(request._replace(method="POST", budget=None))
    assert of_post is not None
    assert (of_post.beyond_budget, of_post.writes_in_read) == (0, 0)


def test_a_window_of_more_than_fifty_statements_is_read_at_once(clock: Clock, timed_engine: Engine) -> None:
    recorder = Recorder()
    with open_window(recorder, request=True), timed_engine.connect() as connection:
        for _ in range(50):
            connection.execute(text("SELECT 1"))
        assert WindowFigures(recorder).read(Request("http", "GET", "/")) is not None
        connection.execute(text("SELECT 1"))
    assert WindowFigures(recorder).read(Request("http", "GET", "/")) is None
