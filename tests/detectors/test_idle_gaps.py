"""The gaps of a transaction: between which statements it was idle, at which line, and what it had written by then."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Finding
from query_guard.detectors import IdleInTransaction
from query_guard.records import NOWHERE, CallSite, Facts, Frame, LoopBlock, Pause, Statement
from tests.reports import SITE, facts_of, statement, transaction

ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
THIRD = CallSite(71, (Frame("mail.py", 71, "send", 64),), "router", False)


def found(*rows: Statement, blocks: tuple[LoopBlock, ...] = (), dropped: int = 0, **fields: Any) -> list[Finding]:
    whole = transaction(**{"start": 1.0, "end": 2.0, "writes": 0, "rows_written": 0, "site": THIRD, **fields})
    facts: Facts = facts_of(*rows, transactions=(whole,), serial=1, dropped=dropped, loop_blocks=blocks)
    return list(IdleInTransaction()(facts))


def row(serial: int, start: float, end: float, **fields: Any) -> Statement:
    return statement(serial, start=start, duration=end - start, **fields)


@pytest.mark.parametrize(
    ("spans", "gaps"),
    [
        (((1.0, 2.0),), []),
        (((1.05, 1.95),), []),
        (((1.5, 2.0),), [500]),
        (((1.0, 1.5),), [500]),
        (((1.0, 1.25), (1.5, 2.0)), [250]),
        (((1.0, 1.75), (1.25, 1.5)), [250]),
        (((1.25, 1.5), (1.0, 1.125), (1.5, 2.0)), [125]),
        ((), [1000]),
    ],
    ids=["none", "short ones", "before", "after", "between", "within another", "in any order", "without statements"],
)
def test_a_gap_is_time_in_which_no_statement_runs(spans: tuple[tuple[float, float], ...], gaps: list[int]) -> None:
    rows = [row(n, *span) for n, span in enumerate(spans, 1)]
    summaries = [finding.summary.partition(" idle for ")[2] for finding in found(*rows)]
    assert [each.partition(" after ")[0] for each in summaries] == [
        f"{gap} ms" if gap < 1000 else "1.0 s" for gap in gaps
    ]


def test_what_is_fetched_after_a_streamed_statement_is_no_gap() -> None:
    assert found(row(1, 1.0, 1.25, streamed=True), row(2, 1.75, 2.0)) == []
    assert found(row(1, 1.0, 1.25, streamed=True)) == []
    assert len(found(row(1, 1.0, 1.25), row(2, 1.75, 2.0, streamed=True))) == 1


def test_where_statements_were_only_counted_the_last_gap_is_not_known() -> None:
    assert found(row(1, 1.0, 1.25), dropped=1) == []
    assert len(found(row(1, 1.0, 1.25), row(2, 1.75, 1.75), dropped=1)) == 1


def test_a_gap_without_a_line_that_waited_is_at_the_statement_before() -> None:
    first, second = row(1, 1.0, 1.25, phase="dependency"), row(2, 1.75, 2.0, site=ELSEWHERE)
    (finding,) = found(first, second)
    assert (finding.site, finding.phase, " after this statement" in finding.summary) == (SITE, "dependency", True)
    (finding,) = found(second)
    assert (finding.site, finding.phase) == (ELSEWHERE, "endpoint")
    (finding,) = found()
    assert (finding.site, finding.phase) == (THIRD, None)


@pytest.mark.parametrize(
    ("pauses", "at"),
    [
        ([(1.5, ELSEWHERE)], ELSEWHERE),
        ([(1.25, ELSEWHERE)], ELSEWHERE),
        ([(1.75, ELSEWHERE)], ELSEWHERE),
        ([(1.24, ELSEWHERE)], SITE),
        ([(1.76, ELSEWHERE)], SITE),
        ([(1.5, NOWHERE)], SITE),
        ([(1.5, NOWHERE), (1.6, ELSEWHERE)], ELSEWHERE),
        ([(1.5, ELSEWHERE), (1.6, THIRD)], ELSEWHERE),
    ],
)
def test_the_line_that_waited_is_one_that_was_seen_in_the_gap(
    pauses: list[tuple[float, CallSite]], at: CallSite
) -> None:
    seen = tuple(Pause(*pause) for pause in pauses)
    (finding,) = found(row(1, 1.0, 1.25), row(2, 1.75, 2.0), pauses=seen)
    assert finding.site == at
    assert (" while this line waited" in finding.summary) is (at != SITE)


@pytest.mark.parametrize(("end", "at"), [(1.25, SITE), (1.26, ELSEWHERE)])
def test_a_line_that_blocked_the_loop_in_the_gap_has_waited(end: float, at: CallSite) -> None:
    (finding,) = found(row(1, 1.0, 1.25), row(2, 1.75, 2.0), blocks=(LoopBlock(1.0, end, ELSEWHERE, 1),))
    assert finding.site == at


@pytest.mark.parametrize(("until", "found_at"), [(1.64, ["360"]), (1.9, ["100"]), (1.91, [])])
def test_the_time_in_which_another_request_blocked_the_loop_does_not_count(until: float, found_at: list[str]) -> None:
    blocks = (LoopBlock(1.0, until, NOWHERE, 2),)
    summaries = [finding.summary.partition(" idle for ")[2] for finding in found(row(1, 2.0, 2.0), blocks=blocks)]
    assert [each.partition(" ")[0] for each in summaries] == found_at


WRITES: dict[str, Any] = {"operation": "UPDATE", "writes": ("posts",)}


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({**WRITES, "rows": 1}, "; it had written 1 row"),
        ({**WRITES, "rows": 2}, "; it had written 2 rows"),
        ({**WRITES, "rows": 0}, ""),
        ({**WRITES, "rows": -1}, ""),
        ({**WRITES, "rows": None}, ""),
        ({**WRITES, "rows": 2, "error": "DataError"}, ""),
        ({"rows": 2}, ""),
    ],
)
def test_what_was_written_before_the_gap(fields: dict[str, Any], written: str) -> None:
    (finding,) = found(row(1, 1.0, 1.25, **fields), row(2, 1.75, 2.0, **WRITES, rows=7))
    assert finding.summary == f"A transaction was open and idle for 500 ms after this statement{written}"


def test_all_that_was_written_before_the_gap_counts_together() -> None:
    earlier = row(1, 1.0, 1.125, **WRITES, rows=4)
    (finding,) = found(earlier, row(2, 1.125, 1.25, **WRITES, rows=3), row(3, 1.75, 2.0, **WRITES, rows=7))
    assert finding.summary.endswith("; it had written 7 rows")


def test_after_the_last_statement_all_that_the_transaction_wrote_counts() -> None:
    (finding,) = found(row(1, 1.0, 1.25), rows_written=3)
    assert finding.summary.endswith("; it had written 3 rows")


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({}, 0),
        ({"operation": "SHOW"}, 1),
        ({"tables": ("posts",)}, 1),
        ({"writes": ("posts",)}, 1),
        ({"sql": "SELECT now()"}, 1),
    ],
)
def test_only_a_select_of_constants_is_a_ping(fields: dict[str, Any], times: int) -> None:
    ping = row(1, 1.0, 1.0, **{"sql": "SELECT ?", "tables": (), **fields})
    assert len(found(ping)) == times


def test_a_transaction_that_is_shorter_than_a_gap_may_be_is_not_looked_at() -> None:
    assert found(start=1.0, end=1.09) == []
    assert found(end=None) == []
    assert found(autocommit=True) == []


@pytest.mark.parametrize(("seconds", "times"), [(0.25, 1), (0.5, 1), (0.75, 0)])
def test_a_transaction_that_only_waits_is_idle_from_so_many_seconds_on(seconds: float, times: int) -> None:
    whole = transaction(start=1.0, end=1.5, writes=0, rows_written=0)
    assert len(list(IdleInTransaction(seconds)(facts_of(transactions=(whole,), serial=1)))) == times
