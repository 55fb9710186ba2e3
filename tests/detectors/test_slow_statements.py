"""Slow statements, and what is told of those that only a blocked event loop made slow."""

from __future__ import annotations

from query_guard.detectors import SlowStatement
from query_guard.records import Silence
from tests.reports import SITE, facts_of, statement


def test_what_is_told_of_a_statement_that_a_blocked_loop_made_slow() -> None:
    reason = "not slow: the event loop stood still for 9950 ms of its 10000 ms"
    expected = Silence("slow_statement", reason, SITE, 1, (4,))
    assert list(SlowStatement()(facts_of(statement(4, duration=10.0, stalled=9.95)))) == [expected]


def test_a_statement_is_either_slow_or_not() -> None:
    found = [
        [(type(one).__name__, one.statements) for one in SlowStatement(seconds=0.25)(facts_of(row))]
        for row in (
            statement(1, duration=0.5, stalled=0.25),
            statement(2, duration=0.5, stalled=0.375),
            statement(3, duration=0.5, stalled=0.125),
        )
    ]
    assert found == [[("Finding", (1,))], [("Silence", (2,))], [("Finding", (3,))]]
