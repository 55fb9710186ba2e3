"""What facts say of a window: its transactions, its connections, and the numbers of headers."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.records import Checkout, Numbers
from query_guard.records.groups import different_sets, usual_duration
from query_guard.records.jobs import jobs_of
from query_guard.records.sources import Sources
from tests.detectors.loads import COMPANY, EXPIRED, USERS, load, users
from tests.reports import SITE, checkout, facts_of, pool, statement, transaction


@pytest.mark.parametrize(
    ("fields", "counts"),
    [({}, True), ({"outcome": "rolled back"}, False), ({"writes": 0}, False), ({"autocommit": True}, False)],
)
def test_a_transaction_that_committed_writes(fields: dict[str, Any], counts: bool) -> None:
    one = transaction(**fields)
    assert facts_of(transactions=(one,)).committed_writes == ((one,) if counts else ())


def test_the_writes_of_some_transactions_are_named() -> None:
    rows = [
        statement(n, transaction=of, writes=writes)
        for n, of, writes in [(1, 1, ("posts",)), (2, 1, ()), (3, 2, ("tags",)), (4, 3, ("tags",))]
    ]
    facts = facts_of(*rows)
    assert facts.writes_of([transaction(serial=2), transaction(serial=1), transaction(serial=9)]) == (3, 1)


@pytest.mark.parametrize(
    ("outcome", "row", "failed"),
    [
        ("failed", {}, True),
        ("committed", {"error": "DataError"}, True),
        ("rolled back", {"operation": "UPDATE", "rows": 0}, True),
        ("rolled back", {"operation": "UPDATE", "rows": 1}, False),
        ("rolled back", {"operation": "UPDATE", "rows": None}, False),
        ("rolled back", {"operation": "DELETE", "rows": 0}, False),
        ("committed", {"operation": "UPDATE", "rows": 0}, False),
        ("committed", {}, False),
    ],
)
def test_a_transaction_has_failed(outcome: str, row: dict[str, Any], failed: bool) -> None:
    facts = facts_of(statement(1, transaction=7, **row), transactions=(transaction(serial=7, outcome=outcome),))
    assert facts.failed_transactions == ({7} if failed else set())


def test_an_update_of_no_row_in_a_transaction_that_is_not_known() -> None:
    assert facts_of(statement(1, operation="UPDATE", rows=0)).failed_transactions == set()


def test_a_request_in_which_a_statement_failed() -> None:
    assert facts_of(statement(1, error="DataError", request=3), statement(2, request=4)).failed_requests == {3}


def out(start: float, hold: float | None, **fields: Any) -> Checkout:
    return checkout(**{"start": start, "wait": 0.01, "connect": 0.02, "hold": hold, **fields})


@pytest.mark.parametrize(
    ("checkouts", "peak"),
    [
        ([], 0),
        ([out(0.0, 0.1)], 1),
        ([out(0.0, 0.0)], 1),
        ([out(0.0, 0.1), out(0.05, 0.1)], 2),
        ([out(0.0, 0.1), out(0.1, 0.1)], 1),
        ([out(0.0, 0.1), out(0.11, 0.1)], 1),
        ([out(0.0, None), out(0.9, 0.1)], 2),
        ([out(0.0, 0.1), out(0.05, 0.1, outcome="timeout")], 1),
        ([out(0.0, 0.5), out(0.1, 0.1), out(0.3, 0.1)], 2),
        ([out(0.0, 0.5), out(0.1, 0.3), out(0.2, 0.1)], 3),
        ([out(0.0, 0.1, outcome="cancelled"), out(0.0, 0.1, outcome="failed")], 0),
    ],
)
def test_how_many_connections_were_held_at_once(checkouts: list[Checkout], peak: int) -> None:
    assert facts_of(checkouts=tuple(checkouts), duration=1.0).peak_connections == peak


def test_a_connection_that_is_still_out_is_held_until_now() -> None:
    facts = facts_of(checkouts=(out(0.1, None), out(0.2, 0.3), out(5.0, None)), duration=1.0)
    assert [facts.held(one) for one in facts.checkouts] == pytest.approx([0.87, 0.3, 0.0])
    assert [facts.held_time, facts.wait_time] == pytest.approx([1.17, 0.03])


def test_the_numbers_of_headers_are_those_of_the_pool_with_most_checkouts() -> None:
    first, second = (
        pool(serial=1, checked_out=2, size=5, overflow=-3),
        pool(serial=2, checked_out=4, size=6, overflow=1),
    )
    of_both = (out(0.0, 0.1), out(0.0, 0.2, pool=2), out(0.5, 0.3, pool=2))
    facts = facts_of(statement(1), checkouts=of_both, pools=(first, second), dropped_checkouts=3, duration=1.0)
    assert facts.numbers._replace(held=0.0) == Numbers(1, 0.001, 5, 0.02, 0.0, 4, 6, 1)
    assert facts.numbers.held == pytest.approx(0.5)
    alone = facts_of(checkouts=of_both[:1], pools=(first,)).numbers
    assert (alone.checkouts, alone.checked_out, alone.size, alone.overflow) == (1, 2, 5, -3)
    assert facts_of(pools=(first, second)).numbers.size == 5
    assert facts_of(statement(1), checkouts=of_both).numbers == Numbers(1, 0.001)


def test_statements_are_grouped_by_what_tells_one_loop_from_another() -> None:
    other = SITE._replace(key=99)
    rows = (
        statement(1), statement(2, site=other), statement(3), statement(4, fingerprint="a"), statement(5, segment=1),
        load(6, site=SITE), load(7, COMPANY, site=SITE), statement(8),
    )  # fmt: skip
    groups = [[row.serial for row in rows] for rows in facts_of(*rows).by_shape_and_site.values()]
    assert groups == [[1, 3, 8], [2], [4], [5], [6], [7]]
    assert [[row.serial for row in rows] for rows in facts_of(*rows).repetitions] == [[1, 3, 8]]


@pytest.mark.parametrize(
    ("fields", "sets"),
    [({}, 2), ({"executemany": True}, 3), ({"operation": "INSERT"}, 3)],
)
def test_executions_with_different_values(fields: dict[str, Any], sets: int) -> None:
    rows = [statement(n, values=(n // 2,), **fields) for n in (1, 2, 3)]
    assert different_sets(rows) == sets
    assert different_sets(rows[1:2]) == 1
    assert different_sets([statement(1, values=(1,)), statement(2, values=(1,), text=2)]) == 2
    assert [different_sets([statement(n, **fields) for n in range(count)]) for count in (1000, 1001)] == (
        [1000, 1000] if sets == 2 else [1000, 1001]
    )


@pytest.mark.parametrize(
    ("durations", "usual"), [([3.0], 3.0), ([1.0, 2.0], 2.0), ([9.0, 1.0, 2.0], 2.0), ([4.0, 1.0, 3.0, 2.0], 3.0)]
)
def test_the_usual_duration_is_the_median(durations: list[float], usual: float) -> None:
    assert usual_duration([statement(1, duration=duration) for duration in durations]) == usual


def test_a_job_lasts_until_its_task_takes_the_next_one_or_finds_none() -> None:
    take = "SELECT id FROM jobs FOR UPDATE skip locked"
    rows = [
        statement(1, task=1), statement(2, task=1, sql=take, rows=1), statement(3, task=1), statement(4, task=2),
        statement(5, task=2, sql=take, rows=None), statement(6, task=2), statement(7, task=1, sql=take, rows=1),
        statement(8, task=1), statement(9, task=1, sql=take, rows=0), statement(10, task=1), statement(11, task=2),
    ]  # fmt: skip
    assert jobs_of(rows) == {2: 2, 3: 2, 5: 5, 6: 5, 7: 7, 8: 7, 11: 5}


def test_what_loaded_objects_of_a_class_last() -> None:
    rows = (users(1), load(2, COMPANY), load(3, EXPIRED, info=USERS), users(4), users(5, operation="UPDATE"))
    sources = Sources(rows)
    found = [sources.last_before(serial, ("Person", "User")) for serial in (1, 2, 4, 5, 9)]
    assert [row.serial if row is not None else None for row in found] == [None, 1, 3, 4, 4]
    assert sources.last_before(9, ("Company", "User")) == rows[1]
    assert sources.last_before(2, ("Company",)) is None
