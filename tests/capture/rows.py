"""Rows made by hand, as the hot path appends them, for what cannot be sent without a server."""

from __future__ import annotations

from typing import Any

from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import FIRST_STATEMENT_FIELD, Batches, Row, Shared
from query_guard.records import Engine, Statement
from tests.reports import ENGINE, statement

_FIELDS = Statement._fields[Statement._fields.index("text") :]


def shared_of(
    sql: str = "SELECT 1", *, engine: Engine = ENGINE, batches: Batches | None = None, stage: int = 0, **fields: Any
) -> Shared:
    info = fields.pop("info", None) or UnreadInfo(sql, engine)
    connection, transaction = fields.pop("checkout", None), fields.pop("open_transaction", None)
    given = statement(**{"text": info.text, "engine": engine, "request": 0, **fields})
    shared = (info, connection, transaction, batches, stage, *(getattr(given, name) for name in _FIELDS))
    assert len(shared) == FIRST_STATEMENT_FIELD + len(_FIELDS)
    return shared


def row_of(
    shared: Shared, *, start: float = 0.0, duration: float = 0.001, count: int | None = None, load: int | None = None
) -> Row:
    return (shared, start, duration, None, (), count, load)


def recorder_of(*rows: Row) -> Recorder:
    recorder = Recorder()
    for row in rows:
        recorder.add(row)
    return recorder
