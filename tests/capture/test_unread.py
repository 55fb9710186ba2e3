"""Whatever of a statement cannot be read, it is counted; and that something could not be read is said aloud."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.capture.freeze import facts, statement_facts
from query_guard.capture.hooks import driver_calls, statements, unread
from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.origin import site_cache as shortcut
from query_guard.capture.origin import source_files
from query_guard.capture.origin.site_cache import SiteCache
from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import ERROR, REQUEST
from query_guard.own_errors import _count, described, own_errors, report_own_error
from query_guard.recording import Recording
from query_guard.testing import (
    assert_constant_queries,
    assert_max_queries,
    assert_no_findings,
    assert_num_queries,
    record_queries,
)
from tests.models import Base, Tag

engine = create_engine("sqlite://", poolclass=StaticPool)
Base.metadata.create_all(engine)


def work() -> None:
    """Send four statements: a write of the ORM, a select of it, a text with a value, one that fails."""
    with Session(engine) as session:
        session.add(Tag(name="new"))
        session.flush()
        session.scalars(select(Tag)).all()
        session.connection().exec_driver_sql("SELECT ?", (1,))
        with pytest.raises(Exception, match="nowhere"):
            session.connection().execute(text("SELECT 1 FROM nowhere"))


def failing(*_: Any, **__: Any) -> Any:
    raise RuntimeError("failed on purpose")


OF_A_STATEMENT: list[tuple[Any, str]] = [
    (statements, "_info_of"),
    (statements, "is_no_statement"),
    (statements, "loader_of"),
    (statements, "current_flush"),
    (statements, "value_hashes"),
    (statements, "detail_recorder"),
    (statements, "get_ident"),
    (SiteCache, "site"),
    (shortcut, "walked"),
    (UnreadInfo, "note"),
    (Recorder, "share"),
    (Recorder, "keep"),
]
OF_A_REPORT: list[tuple[Any, str]] = [
    (statement_facts, "fingerprint"),
    (facts, "freeze_transactions"),
    (facts, "freeze_checkouts"),
    (UnreadInfo, "read"),
]


def named(value: object) -> str | None:
    return value if isinstance(value, str) else getattr(value, "__name__", None)


def nested() -> tuple[Recording, Recording]:
    with record("outer") as outer, record("inner") as inner:
        work()
    return outer, inner


@pytest.mark.parametrize(("owner", "name"), [*OF_A_STATEMENT, *OF_A_REPORT], ids=named)
def test_a_failure_of_the_guard_loses_no_statement(owner: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.clear_compiled_cache()  # each statement is met for the first time
    monkeypatch.setattr(owner, name, failing)
    outer, inner = nested()
    counted = (outer.report.query_count, inner.report.query_count, outer.report.driver_calls)
    assert counted == (4, 4, 4)
    assert outer.own_errors


def test_what_can_be_read_is_kept_where_something_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    with record("plain") as plain:
        work()
    monkeypatch.setattr(statements, "value_hashes", failing)
    with record("failing") as broken:
        work()
    told = [[(row.sql, row.site.innermost, row.transaction > 0, row.error, row.rows, row.binds, row.flush > 0,
              row.executemany, row.streamed, row.task, row.blocking, row.request, row.parameters)
             for row in recording.report.facts.statements] for recording in (plain, broken)]  # fmt: skip
    assert told[0] == told[1]
    made = [[(one.writes, one.statements) for one in r.report.facts.transactions] for r in (plain, broken)]
    assert made[0] == made[1] == [(1, 4)]


@pytest.mark.parametrize("name", ["engine_of", "stage_of", "current_flush", "shown_values", "value_hashes"])
def test_what_cannot_be_read_later_either_is_unknown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    monkeypatch.setattr(statements, "value_hashes", failing)
    monkeypatch.setattr(unread, name, failing)
    recorder = Recorder(None, True)
    with open_window(recorder, True) as window:
        work()
    assert [shared[ERROR] for shared, *_ in recorder.rows] == [None, None, None, "OperationalError"]
    assert {shared[REQUEST] for shared, *_ in recorder.rows} == {window.serial}
    assert recorder.dropped() == (0, 0.0)


@pytest.mark.parametrize(
    ("owner", "name", "kept"), [(statements, "current_flush", [3]), (driver_calls, "count_further", [3])]
)
def test_an_execution_in_batches_is_one_statement_also_where_it_cannot_be_recorded(
    owner: Any, name: str, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, failing)
    paged = insert(Tag).returning(Tag.id).execution_options(insertmanyvalues_page_size=3)
    with record("failing") as recording, Session(engine) as session:
        session.execute(paged, [{"name": "new"} for _ in range(9)])
    rows = recording.report.facts.statements
    assert [row.batches for row in rows] == kept
    assert (recording.query_count, [row.operation for row in rows]) == (1, ["INSERT"])


def test_outside_windows_statements_that_cannot_be_read_are_of_no_request(
    watcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    install()
    monkeypatch.setattr(statements, "value_hashes", failing)
    work()
    assert [shared[REQUEST] for shared, *_ in watcher.rows] == [0, 0, 0, 0]


def test_a_statement_of_no_known_transaction_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        monkeypatch.setattr(statements, "_info_of", failing)
        with record("failing") as recording:
            connection.exec_driver_sql("SELECT 2")
    assert [(row.sql, row.transaction) for row in recording.report.facts.statements] == [("SELECT ?", 0)]


def test_a_transaction_has_written_also_where_its_statements_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.clear_compiled_cache()
    monkeypatch.setattr(statements, "_info_of", failing)
    with record("failing") as recording, engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.exec_driver_sql("INSERT INTO tags (name) VALUES ('new')")
        connection.commit()
        connection.exec_driver_sql("SELECT 2")
        connection.commit()
    made = [(one.statements, one.writes, one.ended_by) for one in recording.report.facts.transactions]
    assert made == [(2, 1, "application"), (1, 0, "")]


def test_statements_whose_sites_cannot_be_read_are_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortcut, "walked", failing)
    with record("failing") as recording, engine.connect() as connection:
        for number in range(5):
            connection.execute(text("SELECT :n + 5"), {"n": number})
    rows = recording.report.facts.statements
    assert [(row.site.frames, row.phase) for row in rows] == [((), None)] * 5
    assert len({row.site.key for row in rows}) == 5
    assert recording.report.findings == ()


def test_transaction_control_is_no_statement_where_it_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_info_of", failing)
    with record("failing") as recording, engine.connect() as connection:
        connection.exec_driver_sql("SAVEPOINT one")
        connection.exec_driver_sql("SELECT 1")
    assert recording.report.query_count == 1


def test_objects_in_the_import_path_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPath:
        def __fspath__(self) -> str:
            raise OSError("no path")

    monkeypatch.setattr(sys, "path", [NoPath(), Path("somewhere"), b"bytes", 7, None, *sys.path])
    source_files.shown_path.cache_clear()
    with record("path") as recording:
        work()
    assert (recording.report.query_count, recording.own_errors) == (4, {})
    frame = recording.report.facts.statements[0].site.innermost
    assert frame is not None
    assert frame.file == "tests/capture/test_unread.py"


def test_a_working_directory_that_is_gone_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    os.rmdir(gone)
    source_files.shown_path.cache_clear()
    shown = source_files.shown_path(__file__)
    with record("gone") as recording:
        work()
    assert (recording.report.query_count, recording.own_errors) == (4, {})
    assert __file__.endswith(shown)
    source_files.shown_path.cache_clear()


def constant() -> None:
    assert_constant_queries(work, lambda _: None)


ASSERTIONS: dict[str, Callable[[], Any]] = {
    "at most": lambda: assert_max_queries(100),
    "exactly": lambda: assert_num_queries(4),
    "findings": lambda: assert_no_findings(kinds={"no such kind"}),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_an_assertion_fails_where_the_guard_has_failed_in_its_block(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ASSERTIONS[name]():
        work()
    monkeypatch.setattr(statements, "value_hashes", failing)
    with pytest.raises(AssertionError) as failure, ASSERTIONS[name]():
        work()
    assert str(failure.value) == (
        "query_guard itself failed, so that its numbers and findings may be wrong: a statement could not be recorded "
        "in full (4 times); the logger 'query_guard' has logged each of them once"
    )


def test_a_constant_number_is_not_believed_where_the_guard_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    constant()
    monkeypatch.setattr(statements, "value_hashes", failing)
    with pytest.raises(AssertionError, match="query_guard itself failed"):
        constant()


def test_a_failure_before_the_block_is_not_the_blocks() -> None:
    _count("an earlier block")
    with assert_max_queries(4):
        work()


def test_a_reporter_that_fails_is_no_failure_of_the_guards_own() -> None:
    before = own_errors()
    with record_queries() as recording:
        try:
            failing()
        except RuntimeError:
            report_own_error("a reporter failed", own=False)
    assert (own_errors(before), recording.own_errors) == ({}, {})


def test_kinds_of_failures_are_bounded() -> None:
    before = own_errors()
    for number in range(2_000):
        _count(f"made up {number}")
    news = own_errors(before)
    assert sum(news.values()) == 2_000
    assert len(own_errors()) <= 501
    assert described({"one": 1, "two": 2}).startswith(
        "query_guard itself failed, so that its numbers and findings may be wrong: one (1 time), two (2 times); "
    )


def test_a_block_in_which_nothing_could_be_seen_fails_where_that_is_required() -> None:
    with pytest.raises(AssertionError, match="expected to see what the block does with a database, got nothing at all"):
        with record_queries(required=True):
            pass
    with record_queries(required=True), engine.connect():
        pass
    with record_queries() as recording:
        pass
    assert recording.saw_nothing
