"""The facts of checkouts and transactions, from what was measured and from the statements within."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.capture.freeze.connection_facts import freeze_transactions
from query_guard.capture.window.pauses import Pauses
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.savepoints import Savepoints
from query_guard.capture.window.stages import AFTER_RESPONSE, BEFORE_RESPONSE, STREAMING
from query_guard.records import Pause, Request, Statement, Transaction
from tests.capture.transactions import begun
from tests.clock import Clock
from tests.reports import SITE, statement

GET = Request("http", "GET", "/")
SOCKET = Request("websocket", "", "/ws")


def the_transaction(recorder: Recorder, *rows: Statement, request: Request = GET) -> Transaction:
    (transaction,) = recorder.transactions
    in_it = [row._replace(transaction=transaction.serial) for row in rows]
    (frozen,) = freeze_transactions(recorder, [*in_it, statement(transaction=-1, writes=("other",))], request)
    return frozen


def write(serial: int = 1, **fields: Any) -> Statement:
    return statement(serial, writes=("posts",), **{"rows": 1, **fields})


def test_a_transaction_has_the_times_of_the_window(clock: Clock, recorder: Recorder) -> None:
    transaction = begun(recorder)
    assert (the_transaction(recorder).start, the_transaction(recorder).end) == (1.0, None)
    transaction.ended = clock.now + 2
    assert (the_transaction(recorder).start, the_transaction(recorder).end) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("rows", "writes", "rows_written"),
    [
        ((), 0, 0),
        ((statement(rows=5),), 0, 0),
        ((write(rows=5),), 1, 5),
        ((write(rows=0),), 0, 0),
        ((write(rows=None),), 1, 0),
        ((write(rows=None, binds=4),), 1, 0),
        ((write(rows=None, executemany=True, binds=4),), 1, 4),
        ((write(rows=2, executemany=True, binds=4),), 1, 2),
        ((write(rows=2), write(rows=3), statement(rows=9)), 2, 5),
    ],
)
def test_the_rows_that_a_transaction_wrote(
    recorder: Recorder, rows: tuple[Statement, ...], writes: int, rows_written: int
) -> None:
    begun(recorder)
    frozen = the_transaction(recorder, *rows)
    assert (frozen.writes, frozen.rows_written) == (writes, rows_written)


@pytest.mark.parametrize(
    ("undone", "rows_written"),
    [([], 31), ([(0, 5)], 0), ([(1, 3)], 1 + 8 + 16), ([(0, 1), (2, 3)], 2 + 8 + 16), ([(3, 5)], 7)],
)
def test_what_was_rolled_back_to_a_savepoint_was_not_written(
    recorder: Recorder, undone: list[tuple[int, int]], rows_written: int
) -> None:
    transaction = begun(recorder)
    transaction.savepoints = Savepoints()
    transaction.savepoints.undone = undone
    assert the_transaction(recorder, *[write(rows=1 << bit) for bit in range(5)]).rows_written == rows_written


@pytest.mark.parametrize(
    ("outcome", "errors", "undone", "has_failed"),
    [
        ("committed", (None, None), [], False),
        ("committed", (None, "DataError"), [], True),
        ("committed", (None, "DataError"), [(1, 2)], False),
        ("committed", ("DataError", None), [(1, 2)], True),
        ("failed", (None, None), [], True),
        ("failed", (), [], True),
    ],
)
def test_a_transaction_has_failed_where_no_savepoint_took_the_failure_back(
    recorder: Recorder, outcome: str, errors: tuple[str | None, ...], undone: list[tuple[int, int]], has_failed: bool
) -> None:
    transaction = begun(recorder, outcome=outcome)
    transaction.savepoints = Savepoints()
    transaction.savepoints.undone = undone
    assert the_transaction(recorder, *[write(error=error) for error in errors]).has_failed is has_failed


@pytest.mark.parametrize(
    ("request_", "stage", "segment", "after_response"),
    [
        (GET, BEFORE_RESPONSE, 0, False),
        (GET, STREAMING, 0, True),
        (GET, AFTER_RESPONSE, 0, True),
        (SOCKET, 0, 0, False),
        (SOCKET, 5, 5, False),
        (Request("block", "", "job"), STREAMING, 0, False),
    ],
)
def test_when_a_transaction_ended(
    recorder: Recorder, request_: Request, stage: int, segment: int, after_response: bool
) -> None:
    begun(recorder, stage=stage)
    frozen = the_transaction(recorder, request=request_)
    assert (frozen.segment, frozen.after_response) == (segment, after_response)


def test_the_phase_of_an_end_is_known_where_the_end_was_examined(recorder: Recorder) -> None:
    transaction = begun(recorder, site=SITE)
    assert the_transaction(recorder).phase is None
    transaction.ended_by = "application"
    assert the_transaction(recorder).phase == "dependency"


def test_pauses_have_the_times_of_the_window(clock: Clock, recorder: Recorder) -> None:
    transaction = begun(recorder)
    assert the_transaction(recorder).pauses == ()
    transaction.pauses = Pauses()
    transaction.pauses.add(clock.now, clock.now + 0.5, SITE)
    transaction.pauses.dropped = 3
    assert the_transaction(recorder).pauses == (Pause(1.5, SITE),)
    assert the_transaction(recorder).dropped_pauses == 3
