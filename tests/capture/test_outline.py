"""A glance at a window and a look at its facts tell the same numbers."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool

from query_guard.capture.facts import freeze
from query_guard.capture.install import install
from query_guard.capture.open_window import open_window
from query_guard.capture.outline import Glance
from query_guard.capture.recorder import Recorder
from query_guard.records import Request


def test_numbers_are_those_of_the_pool_with_most_checkouts() -> None:
    install()
    often, once = (create_engine("sqlite://", poolclass=QueuePool, pool_size=size) for size in (3, 7))
    recorder = Recorder()
    with open_window(recorder, request=True):
        for engine in (once, often, often):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
    glance, look = Glance(recorder).numbers(), freeze(recorder, Request("http", "GET", "/")).numbers
    assert (glance.query_count, glance.checkouts, glance.checked_out, glance.size) == (3, 2, 0, 3)
    assert glance == pytest.approx(look)


def test_figures_count_statements_though_a_loop_shares_one_tuple() -> None:
    install()
    engine = create_engine("sqlite://")
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
def test_checkouts_are_nested_where_one_begins_before_another_ends(inner: bool, nested: int) -> None:
    install()
    engine = create_engine("sqlite://", poolclass=QueuePool)
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
