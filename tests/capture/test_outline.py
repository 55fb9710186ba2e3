"""A glance at a window and a look at its facts tell the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import QueuePool

from query_guard.capture.facts import freeze
from query_guard.capture.install import install
from query_guard.capture.open_window import open_window
from query_guard.capture.outline import Glance
from query_guard.capture.recorder import Recorder
from query_guard.records import Request


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
    glance, look = Glance(recorder).numbers(), freeze(recorder, Request("http", "GET", "/")).numbers
    assert (glance.query_count, glance.checkouts, glance.checked_out, glance.size) == (3, 2, 0, 3)
    assert glance == pytest.approx(look)


def test_figures_count_statements_though_a_loop_shares_one_tuple(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine()
    recorder = Recorder()
    with open_window(recorder, request=True), engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
        for n in range(5):
            connection.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": n})
    outline = Glance(recorder).outline(Request("http", "POST", "/"))
    assert outline is not None
    assert (outline.statements, outline.writes, outline.repeated, outline.writes_in_read) == (6, 5, 4, 0)
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
    outline = Glance(recorder).outline(Request("http", "GET", "/"))
    assert outline is not None
    assert outline.nested_checkouts == nested
