"""Other tools may put their own in the place of the driver call, and take it back: each execution counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import create_engine, event, insert, text
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import QueuePool

from query_guard import record
from query_guard.capture.hooks import cursor_events, executions, install
from tests.models import Base, Tag

NAMES = ("do_execute", "do_executemany", "do_execute_no_params")


def run_myself(cursor: Any, statement: str, parameters: Any = (), context: object = None) -> None:
    """Call the driver as a tool does that wants no other around it."""
    if isinstance(parameters, list):
        cursor.executemany(statement, parameters)
    elif parameters is None:
        cursor.execute(statement)
    else:
        cursor.execute(statement, parameters)


@pytest.fixture
def engine() -> Iterator[Engine]:
    cursor_events.forget_cursor_events()
    engine = create_engine("sqlite://", poolclass=QueuePool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()
    cursor_events.forget_cursor_events()


def sent(engine: Engine) -> list[str]:
    """Send one statement by each of the dialect's methods, and return the operations that were seen."""
    with record("block") as recording, engine.connect() as connection:
        connection.execute(text("SELECT :n"), {"n": 1})
        connection.execute(insert(Tag), [{"name": "one"}, {"name": "two"}])
        connection.execution_options(no_parameters=True).exec_driver_sql("SELECT 2")
        connection.rollback()
    assert recording.own_errors == {}
    return [row.operation for row in recording.report.facts.statements]


ALL = ["SELECT", "INSERT", "SELECT"]


def test_what_is_sent_is_seen_without_patches_and_without_events(engine: Engine) -> None:
    assert sent(engine) == ALL
    assert cursor_events._before not in executions.markers


@pytest.mark.parametrize("name", NAMES)
def test_a_patch_on_the_dialect_of_one_engine(engine: Engine, name: str) -> None:
    before = sent(engine)
    with mock.patch.object(engine.dialect, name, run_myself if name != NAMES[2] else lambda cursor, sql, context: None):
        patched = sent(engine)
    assert (before, patched, sent(engine)) == (ALL, ALL, ALL)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("owner", [DefaultDialect, SQLiteDialect_pysqlite])
def test_a_patch_on_a_class(engine: Engine, owner: type, name: str) -> None:
    before = sent(engine)
    with mock.patch.object(owner, name, lambda self, cursor, *given: run_myself(cursor, given[0], *given[1:-1])):
        patched = sent(engine)
    assert (before, patched, sent(engine)) == (ALL, ALL, ALL)


@pytest.mark.parametrize("owner", [DefaultDialect, SQLiteDialect_pysqlite])
def test_a_patch_that_calls_what_it_replaced(engine: Engine, owner: Any) -> None:
    calls: list[str] = []
    replaced: Callable[..., None] = owner.do_execute

    def traced(self: Any, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        calls.append(statement)
        replaced(self, cursor, statement, parameters, context)

    with mock.patch.object(owner, "do_execute", traced):
        assert sent(engine) == ALL
    assert len(calls) == 1
    assert sent(engine) == ALL


def test_a_patch_from_before_that_is_taken_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stood there before the guard came does not lead through it."""
    sent(engine)
    wrapped: Any = DefaultDialect.do_execute
    monkeypatch.setattr(DefaultDialect, "do_execute", wrapped.__wrapped__)
    assert sent(engine) == ALL


def test_a_patch_is_noticed_by_those_who_hold_connections_already_at_the_next_checkout(engine: Engine) -> None:
    with record("block") as recording, engine.connect() as held:
        held.execute(text("SELECT 1"))
        with mock.patch.object(engine.dialect, "do_execute", run_myself):
            with engine.connect() as other:
                other.execute(text("SELECT 2"))
            held.execute(text("SELECT 3"))
        held.execute(text("SELECT 4"))
    assert recording.report.query_count == 4


def test_a_dialect_that_is_seen_is_known_without_a_look(engine: Engine) -> None:
    sent(engine)
    assert install._is_watched(engine.dialect)
    with mock.patch.object(engine.dialect, "do_executemany", run_myself):
        assert not install._is_watched(engine.dialect)
    assert install._is_watched(engine.dialect)
    assert not install._is_watched(object())


DEFAULT: Any = SQLiteDialect_pysqlite


class CallsDefaults(SQLiteDialect_pysqlite):
    supports_statement_cache = True

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        DEFAULT.do_execute(self, cursor, statement, parameters, context)

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        DEFAULT.do_executemany(self, cursor, statement, parameters, context)


class CallsDriver(SQLiteDialect_pysqlite):
    supports_statement_cache = True

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        cursor.execute(statement, parameters)

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        cursor.executemany(statement, parameters)

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:
        cursor.execute(statement)


@pytest.mark.parametrize("kind", [CallsDefaults, CallsDriver])
def test_a_dialect_with_methods_of_its_own_is_seen_without_events(engine: Engine, kind: Any) -> None:
    engine.dialect = engine.pool._dialect = kind(dbapi=engine.dialect.dbapi)
    assert sent(engine) == ALL
    paged = insert(Tag).returning(Tag.id).execution_options(insertmanyvalues_page_size=1)
    with record("pages") as recording, engine.connect() as connection:
        connection.execute(paged, [{"name": "one"}, {"name": "two"}, {"name": "three"}])
    assert (recording.query_count, recording.driver_calls) == (1, 3)
    assert cursor_events._before not in executions.markers


def test_events_are_taken_up_while_others_execute(engine: Engine) -> None:
    """SQLAlchemy's lists of listeners raise in whoever reads them while one is added."""
    sent(engine)

    def take_up(*_: Any) -> None:
        cursor_events.use_cursor_events()

    for name in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(Engine, name, take_up)
    try:
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
        assert cursor_events._before in executions.markers
    finally:
        for name in ("before_cursor_execute", "after_cursor_execute"):
            event.remove(Engine, name, take_up)


def test_listeners_that_sleep_cost_engines_without_listeners_nothing(engine: Engine) -> None:
    sent(engine)
    assert event.contains(Engine, "before_cursor_execute", cursor_events._before)
    assert (engine._has_events, engine.dialect._has_events) == (False, False)


def test_listeners_that_sleep_count_nothing_twice(engine: Engine) -> None:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    assert sent(engine) == ALL
    assert len(seen) == len(ALL)
    assert cursor_events._before not in executions.markers
