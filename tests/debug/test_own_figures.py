"""What the guard says of itself: cost, memory, what was left out, and failures."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import query_guard
from query_guard import Report
from query_guard.debug.own_figures import own_document
from query_guard.history.memory import MemoryHistory
from query_guard.judge.own_cost import OwnCost
from query_guard.own_errors import own_errors
from tests.clock import Clock
from tests.reports import facts_of, report_with
from tests.serving import KEY, WITH_KEY, client_of, guarded, visit


def test_sums_and_shares() -> None:
    cost, history = OwnCost(), MemoryHistory()
    full = report_with(facts=facts_of(dropped=7, dropped_checkouts=2, dropped_transactions=1))
    for report, seconds in ((full, 0.002), (None, 0.0005), (replace(full, sampled=False), 0.001)):
        cost.note_judged(seconds, report)
    cost.note_reported(0.003)
    history.add(full)
    own = own_document(cost, history)
    assert own.pop("own_errors") == own_errors()
    assert own == {
        "pid": os.getpid(),
        "version": query_guard.__version__,
        "requests": 3,
        "reports": 2,
        "sampled": 1,
        "judging_ms": 3.5,
        "judging_per_request_ms": 1.167,
        "judging_longest_ms": 2.0,
        "reporting_ms": 3.0,
        "reporting_per_report_ms": 1.5,
        "history": {"reports": 1, "most_reports": 200, "bytes": history.bytes, "most_bytes": 32_000_000},
        "dropped": {"statements": 7, "checkouts": 4, "transactions": 2},
    }
    assert history.bytes > 1_000


class Own:
    """A history of the application's own."""

    def add(self, report: Report) -> None: ...

    def get(self, report_id: str) -> None: ...

    def latest(self) -> list[Report]:
        return [report_with()]


def test_before_the_first_request_and_of_another_history() -> None:
    own = own_document(OwnCost(), Own())
    assert (own["judging_per_request_ms"], own["reporting_per_report_ms"]) == (None, None)
    assert own["history"] == {"reports": 1, "most_reports": None, "bytes": None, "most_bytes": None}


@pytest.mark.asyncio
async def test_the_endpoint_serves_what_requests_have_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each detector takes a second on this clock, and each reporter ten; nothing else takes time."""
    clock = Clock()
    for module in ("running_report", "pipeline"):
        monkeypatch.setattr(f"query_guard.judge.{module}.perf_counter", clock)

    def detector(_facts: Any) -> tuple[()]:
        clock.now += 1.0
        return ()

    def reporter(_report: Report) -> None:
        clock.now += 10.0

    engine = create_engine("sqlite://")
    app, _ = guarded(debug=True, debug_token=KEY, detectors=[detector], reporters=[reporter])

    @app.get("/")
    def send() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    await visit(app, "/", "/")
    async with client_of(app) as client:
        own = (await client.get("/__query_guard__/api/self", headers=WITH_KEY)).json()
    engine.dispose()
    numbers = ("requests", "reports", "judging_ms", "judging_longest_ms", "reporting_ms", "reporting_per_report_ms")
    assert [own[name] for name in numbers] == [2, 2, 2_000.0, 1_000.0, 20_000.0, 10_000.0]
    assert own["history"]["reports"] == 2
