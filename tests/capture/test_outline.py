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
