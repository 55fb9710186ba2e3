"""Beside the executions stands what was sent: one bulk insert may take many driver calls."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, insert, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window import recorder
from query_guard.capture.window.counting_recorder import CountingRecorder
from query_guard.document.report import document
from query_guard.testing import record_queries
from tests.models import Base, User

engine = create_engine("sqlite://", poolclass=StaticPool)
Base.metadata.create_all(engine)
ROWS = 300
BATCHES = 3


def bulk() -> None:
    """Send one execution in three batches, and one plain statement; nothing is left of them."""
    with Session(engine) as session:
        session.execute(
            insert(User).returning(User.id).execution_options(insertmanyvalues_page_size=ROWS // BATCHES),
            [{"id": 100 + number, "name": "new"} for number in range(ROWS)],
        )
        session.execute(text("SELECT 1"))


def test_driver_calls_stand_beside_executions() -> None:
    with record("bulk") as recording:
        bulk()
        assert (recording.query_count, recording.driver_calls) == (2, BATCHES + 1)
    report = recording.report
    assert (report.query_count, report.driver_calls) == (2, BATCHES + 1)
    told = document(report)
    assert (told["query_count"], told["driver_calls"]) == (2, BATCHES + 1)
    assert [row.batches for row in report.facts.statements] == [BATCHES, 1]


def test_they_are_exact_where_details_were_dropped() -> None:
    counting = CountingRecorder()
    with record_queries() as detailed, open_window(counting):
        bulk()
    assert (counting.query_count, counting.driver_calls, [*counting.rows]) == (2, BATCHES + 1, [])
    assert (detailed.query_count, detailed.driver_calls) == (2, BATCHES + 1)


def test_the_time_of_all_driver_calls_counts_where_details_were_dropped() -> None:
    counting = CountingRecorder()
    with open_window(counting), record("inner") as inner:
        bulk()
    number, seconds = counting.dropped()
    assert (number, round(seconds, 6)) == (2, round(inner.report.facts.query_time, 6))


def test_they_are_exact_beyond_the_room_of_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "WINDOW_BYTES", 12_000)
    monkeypatch.setattr(recorder, "CHECKOUT_BYTES", 10_000)
    with record("full") as recording:
        for _ in range(10):
            bulk()
    facts = recording.report.facts
    assert (facts.query_count, facts.driver_calls) == (20, 10 * (BATCHES + 1))
    assert 0 < facts.dropped < 20
