"""Figures of rows and checkouts that need a server, many pools, or a moment that has to be exact."""

from __future__ import annotations

import pytest

from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import Batches
from query_guard.records import Figures, LoopBlock, Numbers, Request
from tests.capture.rows import recorder_of, row_of, shared_of
from tests.clock import Clock
from tests.reports import ENGINE

GET = Request("http", "GET", "/")
SQLITE = ENGINE._replace(is_server=False)


def figures_of(recorder: Recorder, pools: dict[int, int] | None = None, request: Request = GET) -> Figures:
    figures = WindowFigures(recorder, pools).read(request)
    assert figures is not None
    return figures


def batches_of(*errors: str | None) -> Batches:
    batches = Batches()
    for error in errors:
        batches.add(0.25, error)
    return batches


def test_a_window_without_anything_has_figures_of_zero() -> None:
    assert figures_of(Recorder()) == Figures(*[0] * len(Figures._fields))
    assert WindowFigures(Recorder()).numbers() == Numbers(0, 0.0)


def test_the_figures_of_each_kind_of_row() -> None:
    text = UnreadInfo("SELECT 1", ENGINE)
    rows = [
        row_of(shared_of(info=text), duration=0.5, count=7),
        row_of(shared_of(info=text, error="IntegrityError", blocking=True), duration=0.25, count=3),
        row_of(shared_of("DELETE FROM a"), duration=0.125),
    ]
    figures = figures_of(recorder_of(*rows))
    assert figures[:8] == (1, 0.5, 7, 1, 1, 1, 0, 0)
    assert (figures.statements, figures.writes_in_read) == (3, 1)


@pytest.mark.parametrize("errors", [(), (None,), ("DataError",), (None, "DataError"), (None, None, None)])
def test_an_execution_in_batches_counts_with_all_of_them(errors: tuple[str | None, ...]) -> None:
    recorder = recorder_of(row_of(shared_of("INSERT INTO a VALUES (1)", batches=batches_of(*errors)), duration=0.5))
    figures = figures_of(recorder)
    assert figures.most_batches == 1 + len(errors)
    assert figures.longest_statement == 0.5 + 0.25 * len(errors)
    assert figures.failed_statements == ("DataError" in errors)
    assert WindowFigures(recorder).numbers() == (1, 0.5 + 0.25 * len(errors), *Numbers()[2:])


def test_the_most_batches_are_those_of_a_server() -> None:
    rows = [
        row_of(shared_of("INSERT INTO a VALUES (1)", batches=batches_of(*[None] * number), engine=engine))
        for number, engine in ((1, ENGINE), (3, ENGINE), (2, ENGINE), (9, SQLITE))
    ]
    assert figures_of(recorder_of(*rows)).most_batches == 4


def test_rows_that_are_counted_as_they_are_fetched_count() -> None:
    recorder = recorder_of(row_of(shared_of(), count=7), row_of(shared_of("SELECT 2")))
    recorder.fetched[2] = 5
    assert figures_of(recorder).most_rows == 7
    recorder.fetched[1] = 9
    assert figures_of(recorder).most_rows == 9


def test_figures_are_read_again_only_for_new_rows() -> None:
    recorder = recorder_of(row_of(shared_of(), duration=0.5))
    figures = WindowFigures(recorder)
    assert figures.numbers()[:2] == (1, 0.5)
    recorder.add(row_of(shared_of("SELECT 2"), duration=1.0))
    told = figures.read(GET)
    assert told is not None
    assert (told.statements, told.longest_statement) == (2, 1.0)
    assert figures.numbers()[:2] == (2, 1.5)


@pytest.mark.parametrize("number", [50, 51])
def test_the_numbers_of_many_rows_are_sums(number: int) -> None:
    rows = [row_of(shared_of(), duration=0.5) for _ in range(number - 1)]
    rows.append(row_of(shared_of("INSERT INTO a VALUES (1)", batches=batches_of(None)), duration=0.5))
    recorder = recorder_of(*rows)
    assert WindowFigures(recorder).numbers()[:2] == (number, number / 2 + 0.25)
    recorder.count(2.0)
    assert WindowFigures(recorder).numbers()[:2] == (number + 1, number / 2 + 2.25)


@pytest.mark.parametrize(
    ("blocks", "longest"),
    [
        ([(-2.0, -1.0)], 0.0),
        ([(-2.0, 0.0)], 0.0),
        ([(-2.0, -1.0), (0.5, 0.75)], 0.25),
        ([(-9.0, -1.0), (0.5, 1.0), (2.0, 2.25)], 0.5),
        ([(-1.0, 0.25)], 1.25),
    ],
)
def test_the_longest_block_is_one_since_the_window_was_opened(
    clock: Clock, blocks: list[tuple[float, float]], longest: float
) -> None:
    recorder = Recorder()
    recorder.loop_blocks = [LoopBlock(clock.now + start, clock.now + end) for start, end in blocks]
    assert figures_of(recorder).longest_block == longest


@pytest.mark.parametrize(("budget", "beyond"), [(None, 0), (0, 2), (1, 1), (2, 0), (5, -3)])
def test_statements_beyond_a_budget(budget: int | None, beyond: int) -> None:
    recorder = recorder_of(row_of(shared_of()), row_of(shared_of("SELECT 2")))
    assert figures_of(recorder, request=GET._replace(budget=budget)).beyond_budget == beyond
