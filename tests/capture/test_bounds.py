"""Nothing that a client or a long transaction does grows without bound, or makes the next statement dearer."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool, StaticPool

from query_guard import record
from query_guard.capture.freeze.facts import freeze
from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.hooks.checkouts import _LAST
from query_guard.capture.live.open_window import open_window
from query_guard.capture.origin import call_site, engines, site_cache, source_files
from query_guard.capture.window.pauses import MOST_PAUSES, Pauses
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.capture.window.savepoints import MOST_STATEMENTS, Savepoints
from query_guard.capture.window.sizes import CHECKOUT_BYTES, CHECKOUT_ROW_BYTES, HOLDER_BYTES, ROW_BYTES, WINDOW_BYTES
from query_guard.capture.window.window import current
from query_guard.document.report import document
from query_guard.history.memory import MemoryHistory
from query_guard.history.weight import weight_of
from query_guard.judge import request_reports
from query_guard.judge.request_reports import RequestReports
from query_guard.pytest_plugin.entries import parts_of
from query_guard.records import NOWHERE, Engine, Facts, Finding, Report, Request
from query_guard.reporters.text import render
from query_guard.testing import record_queries

engine = create_engine("sqlite://", poolclass=StaticPool)


@pytest.fixture
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def nested(choices: int, depth: int, send: Any) -> None:
    """Send a statement below so many frames; each bit of `choices` says by which of two calls it is reached."""
    if depth == 0:
        send()
    elif choices & 1:
        nested(choices >> 1, depth - 1, send)
    else:
        nested(choices >> 1, depth - 1, send)


def test_call_paths_that_never_repeat_are_not_kept(traced: None) -> None:
    texts = [text(f"SELECT :n + {number}") for number in range(5)]
    with engine.connect() as connection:

        def ask(first: int) -> None:
            for choices in range(first, first + 40):
                with record("visit"):
                    for statement in texts:
                        nested(choices * 7919, 20, lambda one=statement: connection.execute(one, {"n": 1}))

        ask(0)
        before = held()
        ask(40)
        assert held() - before < 50_000  # of 200 paths of 20 frames


def test_a_text_remembers_a_handful_of_paths_and_gives_up_where_none_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    learned: list[object] = []
    put_first = site_cache.SiteCache._put_first

    def learn(known: site_cache.SiteCache, path: Any) -> None:
        learned.append(path)
        put_first(known, path)

    monkeypatch.setattr(site_cache.SiteCache, "_put_first", learn)
    known = site_cache.SiteCache()
    for choices in range(900):
        nested(choices, 12, lambda: known.site(0))
    assert len(learned) == site_cache._GIVEN_UP
    assert known._others == ()
    for choices in range(900, 1_100):
        nested(choices, 12, lambda: known.site(0))
    assert len(learned) == 2 * site_cache._GIVEN_UP  # it tries again, once in a thousand


def test_steps_and_files_and_sites_and_frames_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_cache, "_MAX_STEPS", 50)
    monkeypatch.setattr(source_files, "_MAX_FILES", 50)
    monkeypatch.setattr(call_site, "_MAX_SITES", 50)
    monkeypatch.setattr(call_site, "_MAX_KEPT_FRAMES", 50)
    for number in range(200):
        known = site_cache.SiteCache()
        space = {"__name__": f"made_{number}"}
        exec(compile("def call(known): return known.site(0)", f"/made/{number}.py", "exec"), space)
        space["call"](known)  # type: ignore[operator]  # exec() has put it there
    assert len(site_cache._steps) <= 50
    assert len(source_files.KINDS) <= 50
    assert len(call_site._sites) <= 50
    assert len(call_site._frames) <= 50
    assert source_files.kind_of("/a/" + "long" * 1_000) == source_files.APPLICATION
    assert max(map(len, source_files.KINDS)) <= 1_000


def test_texts_are_bounded_in_characters() -> None:
    targets = engines.InfoByText()
    for number in range(1_000):
        targets.add(f"SELECT {number} /* {'x' * 8_000} */", Engine(1, "sqlite+pysqlite", "sqlite", False))
    assert sum(map(len, targets)) < 1_100_000


def test_each_rollback_to_a_savepoint_takes_the_same_steps() -> None:
    """An import that takes back each bad row, in one transaction; some rows are good."""
    savepoints = Savepoints()
    for number in range(50_000):
        savepoints.save(f"row {number}", number)
        if number % 3:
            savepoints.roll_back_to(f"row {number}", number + 1)
        else:
            savepoints.release(f"row {number}")
    assert savepoints.undone[:2] == [(1, 3), (4, 6)]
    assert len(savepoints) <= 2 * MOST_STATEMENTS
    assert WINDOW_BYTES / ROW_BYTES < MOST_STATEMENTS


def test_a_rollback_takes_back_what_later_ones_took_back_before() -> None:
    savepoints = Savepoints()
    savepoints.save("outer", 1)
    savepoints.save("same", 2)
    savepoints.roll_back_to("same", 4)
    savepoints.save("same", 5)
    savepoints.roll_back_to("same", 7)
    assert savepoints.undone == [(2, 4), (5, 7)]
    savepoints.release("same")  # the later hid the earlier, which is back
    savepoints.roll_back_to("same", 8)
    assert savepoints.undone == [(2, 8)]
    savepoints.roll_back_to("outer", 9)
    assert savepoints.undone == [(1, 9)]
    savepoints.roll_back_to("same", 12)  # it is gone with what was taken back
    savepoints.release("never made")
    assert savepoints.undone == [(1, 9)]


def test_a_savepoint_without_statements_is_kept_in_bounds() -> None:
    savepoints = Savepoints()
    for number in range(50_000):
        savepoints.save(f"s{number}", 0)
    assert len(savepoints) <= MOST_STATEMENTS
    savepoints.roll_back_to("s0", 3)
    assert (savepoints.undone, len(savepoints)) == ([(0, 3)], 2)


def test_of_many_pauses_the_longest_and_the_last_are_kept() -> None:
    pauses = Pauses()
    for number in range(1_000):
        since = float(number)
        assert not pauses.extend(since, since + 0.1)
        pauses.add(since, since + 0.1, NOWHERE)
        if number in (3, 500):
            assert pauses.extend(since, since + 0.9)  # it went on
    noticed = [at for at, _ in pauses.noticed()]
    assert len(noticed) == MOST_PAUSES
    assert pauses.dropped == 1_000 - MOST_PAUSES
    assert {3.1, 500.1, 999.1} <= {*noticed}
    assert noticed == sorted(noticed)


def test_a_pooled_connection_keeps_little_of_who_had_it(traced: None) -> None:
    pooled = create_engine("sqlite://", poolclass=QueuePool)
    with record("first"), pooled.connect() as connection:
        record_of = connection.connection._connection_record
        connection.execute(text("SELECT 1"))
    left = record_of.record_info[_LAST]
    assert [type(one).__name__ for one in left] == ["int", "open_window", "CallSite", *["float"] * 5]
    assert left[1].recorder is None
    pooled.dispose()


def test_windows_that_were_left_in_their_context_make_no_chain() -> None:
    def run() -> int:
        for _ in range(50):
            window = open_window(Recorder())
            window.__enter__()
            window.seal()  # as where a generator is closed in another context, which cannot put the old value back
        length, outer = 0, current.get()
        while outer is not None:
            length, outer = length + 1, outer.outer
        return length

    assert copy_context().run(run) == 2


def test_those_who_held_the_connections_count_into_what_a_window_may_weigh() -> None:
    recorder = Recorder()
    checkout = mock.Mock(holders=("somebody",) * 50)
    for _ in range(100):
        recorder.add_checkout(checkout)
    assert len(recorder.checkouts) == CHECKOUT_BYTES // (CHECKOUT_ROW_BYTES + 50 * HOLDER_BYTES) + 1
    assert recorder.dropped_checkouts == 100 - len(recorder.checkouts)


def test_transactions_that_there_is_no_room_for_are_counted() -> None:
    with record("block") as recording, engine.connect() as connection:
        for _ in range(300):
            connection.exec_driver_sql("SELECT 1")
            connection.rollback()
    report = recording.report
    kept, dropped = len(report.facts.transactions), report.facts.dropped_transactions
    assert (kept + dropped, kept) == (300, CHECKOUT_BYTES // CHECKOUT_ROW_BYTES)
    told = document(report)
    assert (told["dropped_checkouts"], told["dropped_transactions"]) == (0, dropped)
    assert f"{dropped} more transactions were counted without details" in render(report)


def test_failed_loads_that_there_is_no_room_for_are_counted() -> None:
    recorder = Recorder()
    load = FailedLoadRow(0, None, NOWHERE, 0, 0, None, "greenlet")
    for _ in range(3_000):
        recorder.add_failed_load(load)
    facts = freeze(recorder, Request("block", "", "block"))
    assert len(facts.failed_loads) + facts.dropped_failed_loads == 3_000
    assert 0 < facts.dropped_failed_loads < 3_000


def report_of_request(number: int, *findings: Finding, failed: bool = False, statements: int = 1) -> Report:
    request = Request("http", "GET", "/", "/", 500 if failed else 200)
    return Report(str(number), 0.0, Facts(request, 0.0, (), query_count=statements, serial=number), findings)


def test_a_test_of_many_requests_keeps_what_they_say_and_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reports, "MOST_BYTES", 10 * 3_000)
    loud, other = (Finding(kind, "warning", "summary", "fix") for kind in ("n_plus_one", "slow_statement"))
    reports = RequestReports()
    for number in range(1_000):
        reports.add(report_of_request(number, *([loud] if number < 999 else [loud, other]), failed=number == 500))
    assert [(report.id, report.query_count, len(report.findings)) for report in reports.kept] == [
        *((str(number), 1, 1) for number in range(10)),
        ("999", 1, 1),
    ]
    assert reports.kept[-1].findings == (other,)
    assert (reports.counted, reports.failed) == ({"GET /": 989}, {500})
    with record_queries() as recording:
        recording.request_reports = reports
    assert sum(part.query_count for part in parts_of(recording)) == 1_000


def test_pools_that_come_and_go_are_forgotten() -> None:
    grown = dict.fromkeys(range(5_000), 1)
    recorder = Recorder()
    WindowFigures(recorder, grown).note_pools()
    assert grown == {}


def report_of(statements: int) -> Report:
    with record("block") as recording, engine.connect() as connection:
        for number in range(statements):
            connection.execute(text("SELECT :n"), {"n": number})
    return recording.report


@pytest.mark.parametrize("statements", [1, 300])
def test_a_report_weighs_what_it_says(traced: None, statements: int) -> None:
    report_of(statements)
    before = held()
    reports = [report_of(statements) for _ in range(3)]
    assert held() - before <= sum(map(weight_of, reports))


def test_the_history_holds_no_more_than_its_megabytes(traced: None) -> None:
    history = MemoryHistory(megabytes=0.4)
    before = held()
    kept = 0
    for _ in range(4):
        history.add(report_of(300))
        kept = max(kept, held() - before)
    assert 200_000 < kept < 420_000
    assert 1 <= len(history.latest()) <= 3
    assert history.get(history.latest()[0].id) is history.latest()[0]
    assert history.get("unknown") is None
