"""The facts of statements, from their rows."""

from __future__ import annotations

import pytest

from query_guard.capture.freeze import statement_facts
from query_guard.capture.freeze.facts import freeze
from query_guard.capture.window.recorder import ReadKey, Recorder
from query_guard.capture.window.rows import Batches, FailedLoadRow, Row
from query_guard.records import NO_INFO, NOWHERE, LoopBlock, Request, Statement
from tests.capture.rows import recorder_of, row_of, shared_of
from tests.clock import Clock
from tests.own_failures import apart
from tests.reports import ENGINE

GET = Request("http", "GET", "/")
ASYNC = ENGINE._replace(is_async=True)


def statements_of(recorder: Recorder, request: Request = GET) -> tuple[Statement, ...]:
    return freeze(recorder, request).statements


@pytest.mark.parametrize(
    ("blocks", "stalled"),
    [
        ([], 0.0),
        ([(0.0, 1.0)], 0.0),
        ([(0.0, 2.25)], 0.25),
        ([(2.25, 2.375), (2.5, 9.0)], 0.625),
        ([(0.0, 9.0)], 1.0),
        ([(2.0, 2.75), (2.25, 3.0)], 1.0),
        ([(3.0, 4.0)], 0.0),
    ],
)
def test_a_blocked_loop_holds_up_the_answers_of_drivers_that_await(
    clock: Clock, blocks: list[tuple[float, float]], stalled: float
) -> None:
    origin = clock.now
    rows = [
        row_of(shared_of(engine=engine), start=origin + start, duration=1.0)
        for engine, start in ((ASYNC, 2.0), (ENGINE, 2.0), (ASYNC, 50.0))
    ]
    recorder = recorder_of(*rows)
    recorder.loop_blocks = [LoopBlock(origin + start, origin + end) for start, end in blocks]
    found = statements_of(recorder)
    assert [(row.start, row.stalled) for row in found] == [(2.0, stalled), (2.0, 0.0), (50.0, 0.0)]


def test_only_blocks_since_the_window_was_opened_are_of_it(clock: Clock) -> None:
    recorder = recorder_of(row_of(shared_of()))
    origin = recorder.started
    recorder.loop_blocks = [
        LoopBlock(origin - 2, origin),
        LoopBlock(origin - 1, origin + 0.5),
        LoopBlock(origin + 1, origin + 3),
    ]
    assert [(block.start, block.end) for block in freeze(recorder, GET).loop_blocks] == [(0.0, 0.5), (1.0, 3.0)]


@pytest.mark.parametrize(
    ("error", "of_batches", "told"),
    [
        (None, (), None),
        ("DataError", (), "DataError"),
        (None, ("IntegrityError",), "IntegrityError"),
        ("DataError", (None,), "DataError"),
    ],
)
def test_an_execution_in_batches_has_the_time_and_the_error_of_all(
    error: str | None, of_batches: tuple[str | None, ...], told: str | None
) -> None:
    batches = Batches()
    for one in of_batches:
        batches.add(0.5, one)
    shared = shared_of("INSERT INTO a VALUES (1)", batches=batches, error=error, binds=3)
    (row,) = statements_of(recorder_of(row_of(shared, duration=0.25)))
    assert (row.duration, row.batches) == (0.25 + 0.5 * len(of_batches), 1 + len(of_batches))
    assert (row.error, row.binds) == (told, 3)


def test_rows_of_other_texts_do_not_take_over_what_one_text_has() -> None:
    batches = Batches()
    batches.add(0.5, None)
    one, other = shared_of("INSERT INTO a VALUES (1)", batches=batches), shared_of("SELECT 2")
    found = statements_of(recorder_of(row_of(one), row_of(other), row_of(other)))
    assert [row.duration for row in found] == [0.501, 0.001, 0.001]
    assert [row.operation for row in found] == ["INSERT", "SELECT", "SELECT"]
    assert [row.serial for row in found] == [1, 2, 3]


def test_a_load_is_that_of_the_statement_with_its_number() -> None:
    recorder = recorder_of(*[row_of(shared_of(), load=load) for load in (None, 0, 11, 12, 99)])
    recorder.loads += (11, 1, 12, 3)
    recorder.fetched[2] = 6
    found = statements_of(recorder)
    assert [row.loaded_by for row in found] == [None, 0, 1, 3, None]
    assert [row.loaded for row in found] == [None, 6, None, None, None]


@pytest.mark.parametrize(("kind", "segment"), [("http", 0), ("websocket", 2), ("block", 0)])
def test_a_statement_in_a_websocket_has_the_number_of_the_message(kind: str, segment: int) -> None:
    request = Request(kind, "", "/")  # type: ignore[arg-type]  # each of them is a kind
    (row,) = statements_of(recorder_of(row_of(shared_of(stage=2))), request)
    assert row.segment == segment


@apart()
def test_of_a_text_that_cannot_be_read_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, other = shared_of("SELECT 'secret'"), shared_of("SELECT 'other secret'")

    def fail(*_: object) -> None:
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(statement_facts, "fingerprint", fail)
        one, again, two = statements_of(recorder_of(row_of(shared), row_of(shared), row_of(other)))
    assert (one.sql, one.operation, one.tables, one.writes, one.info) == ("(not read)", "OTHER", (), (), NO_INFO)
    assert one.fingerprint == again.fingerprint != two.fingerprint
    assert len(one.fingerprint) == 16


def test_facts_are_made_again_where_a_row_has_come() -> None:
    recorder = recorder_of(row_of(shared_of()))
    earlier = statements_of(recorder)
    assert freeze(recorder, GET, earlier=earlier).statements is earlier
    recorder.add(row_of(shared_of("SELECT 2")))
    assert len(freeze(recorder, GET, earlier=earlier).statements) == 2


def test_a_statement_of_no_known_connection_is_one_call_in_no_transaction() -> None:
    (row,) = statements_of(recorder_of(row_of(shared_of())))
    assert (row.connection, row.transaction, row.autocommit, row.batches) == (0, 0, False, 1)


@pytest.mark.parametrize("rows", [(), (row_of(shared_of()),)], ids=len)
def test_facts_last_as_long_as_their_window(clock: Clock, rows: tuple[Row, ...]) -> None:
    recorder = recorder_of(*rows)
    clock.move(2)
    assert freeze(recorder, GET).duration == 2.0


@pytest.mark.parametrize(("reads", "is_known"), [(None, False), ({}, True)])
def test_it_is_known_whether_reads_were_noted(reads: dict[ReadKey, int] | None, is_known: bool) -> None:
    recorder = Recorder()
    recorder.reads = reads
    facts = freeze(recorder, GET)
    assert (facts.notes_reads, facts.reads) == (is_known, ())


def test_a_load_that_failed_stands_where_its_statement_would_be() -> None:
    recorder = recorder_of(row_of(shared_of()), row_of(shared_of()))
    recorder.loads += (11, 2)
    for after, load in ((0, None), (2, 11), (2, 0), (2, 99)):
        recorder.add_failed_load(FailedLoadRow(after, None, NOWHERE, 0, 0, load, "greenlet"))
    found = freeze(recorder, GET).failed_loads
    assert [(one.serial, one.loaded_by) for one in found] == [(1, None), (3, 2), (3, 0), (3, None)]
