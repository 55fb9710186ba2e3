"""Windows: who records, how long, and how much."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.capture.live import calls, open_window
from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window import recorder
from query_guard.capture.window.rows import PARAMETERS, SITE
from query_guard.capture.window.sizes import FRAME_BYTES, ROW_BYTES, SHARED_BYTES
from query_guard.records import CallSite
from query_guard.testing import record_queries
from tests.reports import ENGINE
from tests.reports import SITE as TWO_FRAMES

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def send(number: int = 1) -> None:
    with engine.connect() as connection:
        for n in range(number):
            connection.execute(text(f"SELECT {n}"))


def test_nothing_is_recorded_outside_a_window() -> None:
    send()
    with record() as recording:
        pass
    send()
    assert recording.report.query_count == 0


def test_windows_nest() -> None:
    with record() as outer:
        send(1)
        with record() as inner:
            send(2)
        send(4)
    assert (outer.report.query_count, inner.report.query_count) == (7, 2)


def test_the_count_is_there_while_the_block_runs() -> None:
    with record() as recording:
        send(3)
        assert recording.query_count == 3
        with pytest.raises(RuntimeError, match="when the block ends"):
            _ = recording.report


def test_raw_threads_are_seen_by_a_test_window_only() -> None:
    with record() as of_context, record_queries() as of_process:
        thread = threading.Thread(target=send)
        thread.start()
        thread.join()
    assert (of_context.report.query_count, of_process.report.query_count) == (0, 1)


@pytest.mark.asyncio
async def test_tasks_and_threads_of_the_context_are_seen() -> None:
    with record() as recording:
        await asyncio.gather(*(asyncio.to_thread(send, 2) for _ in range(5)))
    assert recording.report.query_count == 10


@pytest.mark.asyncio
async def test_what_comes_after_the_end_is_late() -> None:
    go = asyncio.Event()

    async def straggler() -> None:
        await go.wait()
        send(2)

    with record() as recording:
        send(1)
        task = asyncio.create_task(straggler())
        await asyncio.sleep(0)
    before = recording.report
    go.set()
    await task
    assert recording.report is before
    assert before.query_count == 1
    assert before.facts.late.count == 2


def test_threads_lose_no_statement() -> None:
    with record_queries() as recording, ThreadPoolExecutor(8) as pool:
        list(pool.map(send, [25] * 40))
    assert recording.report.query_count == 1000


def test_details_are_bounded_and_counts_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "WINDOW_BYTES", 40_000)
    monkeypatch.setattr(recorder, "CHECKOUT_BYTES", 10_000)
    with record() as recording:
        send(200)
    facts = recording.report.facts
    assert facts.query_count == 200
    assert 0 < len(facts.statements) < 100
    assert facts.dropped == 200 - len(facts.statements)


def test_the_part_that_rows_of_one_line_share_is_paid_for_once_and_a_text_once_for_all_its_lines() -> None:
    info = UnreadInfo("SELECT 1", ENGINE)
    line, other_line = (
        (info, None, None, None, 0, *(site if number == SITE else () for number in range(5, PARAMETERS + 5)))
        for site in (TWO_FRAMES, CallSite(2, TWO_FRAMES.frames[:1], "", False))
    )
    kept = recorder.Recorder()
    costs = []
    for shared in (line, line, other_line, other_line):
        before = kept.room
        kept.keep((shared, 0.0, 0.0, None, (), None, None))
        costs.append(before - kept.room)
    assert costs == [
        ROW_BYTES + SHARED_BYTES + 2 * FRAME_BYTES + len(info.sql),
        ROW_BYTES,
        ROW_BYTES + SHARED_BYTES + FRAME_BYTES,
        ROW_BYTES,
    ]
    assert kept.shared == {info: other_line}


def test_a_finished_window_keeps_nothing_alive() -> None:
    with open_window.open_window(recorder.Recorder()) as window:
        send(1)
        kept = weakref.ref(window.recorder)
    gc.collect()
    assert window.recorder is None
    assert kept() is None


def test_what_a_thread_sends_counts_also_where_its_caller_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "entry_of_test", None)
    with record_queries(is_test_code=lambda _: False) as recording, ThreadPoolExecutor(1) as pool:
        pool.submit(send, 2).result()
    assert recording.query_count == 2
    assert set(recording.own_errors) == {"the call that a test waits for could not be told"}
