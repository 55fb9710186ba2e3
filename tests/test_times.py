"""Where the time of a request went."""

from __future__ import annotations

from typing import Any

from query_guard.document.statements import first_of_duplicates
from query_guard.document.times import times_document
from query_guard.records import LoopBlock, Statement
from tests.reports import checkout, facts_of, statement


def times(*rows: Statement, duration: float = 1.0, **fields: Any) -> tuple[float, float, float, float]:
    parts = times_document(facts_of(*rows, duration=duration, **fields))
    return parts["application_ms"], parts["wait_ms"], parts["database_ms"], parts["blocked_ms"]


def test_a_request_without_a_database_is_the_applications() -> None:
    assert times() == (1000.0, 0.0, 0.0, 0.0)


def test_statements_that_run_at_once_count_once() -> None:
    rows = [statement(1, start=0.1, duration=0.2), statement(2, start=0.2, duration=0.3)]
    assert times(*rows) == (600.0, 0.0, 400.0, 0.0)


def test_a_wait_counts_where_nothing_else_was_done() -> None:
    waiting = [checkout(start=0.0, wait=0.5)]
    assert times(statement(1, start=0.4, duration=0.2), checkouts=waiting) == (400.0, 400.0, 200.0, 0.0)


def test_a_blocked_loop_counts_before_a_statement_that_it_delayed_and_after_all_others() -> None:
    blocks = [LoopBlock(0.2, 0.6)]
    delayed = statement(1, start=0.1, duration=0.6, stalled=0.4)
    assert times(delayed, loop_blocks=blocks) == (400.0, 0.0, 200.0, 400.0)
    assert times(delayed._replace(stalled=0.0), loop_blocks=blocks) == (400.0, 0.0, 600.0, 0.0)


def test_what_lasts_beyond_the_end_counts_up_to_it() -> None:
    assert times(statement(1, start=0.9, duration=5.0)) == (900.0, 0.0, 100.0, 0.0)


def test_duplicates_send_the_same_text_with_the_same_values() -> None:
    rows = [statement(n, text=1, values=(value,)) for n, value in enumerate((7, 8, 7, 7), 1)]
    assert first_of_duplicates(rows) == {3: 1, 4: 1}
    assert first_of_duplicates([row._replace(operation="INSERT") for row in rows]) == {}
    assert first_of_duplicates([row._replace(executemany=True) for row in rows]) == {}
