"""Make statements of rows: SQL text is read here, once for each text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from query_guard.capture.freeze.loads import loads_of
from query_guard.capture.freeze.phases import phase_of
from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import BATCHES, ENGINE, ERROR, FIRST_STATEMENT_FIELD, REQUEST, SITE, Row, Shared
from query_guard.own_errors import report_own_error
from query_guard.records import NO_INFO, LoopBlock, Request, Statement
from query_guard.sql.fingerprint import fingerprint


def freeze_statements(
    rows: Iterable[Row], recorder: Recorder, request: Request, blocks: tuple[LoopBlock, ...]
) -> list[Statement]:
    origin = recorder.started
    loaded_by, loaded = loads_of(recorder)
    statements: list[Statement] = []
    make, last = tuple.__new__, None
    common: tuple[Any, ...] = ()
    further, may_stall = 0.0, False
    for serial, (shared, start, duration, owner, values, count, load) in enumerate(rows, 1):
        if shared is not last:
            last = shared
            common = _common(shared, request)
            further = shared[BATCHES].time if shared[BATCHES] is not None else 0.0
            may_stall = bool(blocks) and shared[ENGINE].is_async
        statements.append(
            make(
                Statement,
                (
                    serial,
                    start - origin,
                    duration + further,
                    _stalled(start - origin, duration, blocks) if may_stall else 0.0,
                    owner,
                    (values,) if values.__class__ is int else values,
                    count,
                    loaded_by.get(load) if load else load,
                    loaded.get(serial),
                    *common,
                ),
            )
        )
    return statements


def _common(shared: Shared, request: Request) -> tuple[Any, ...]:
    """Return the fields of a statement from `fingerprint` to the last."""
    info, checkout, transaction, batches, stage = shared[:FIRST_STATEMENT_FIELD]
    fields = shared[FIRST_STATEMENT_FIELD:]
    if batches is not None and batches.error:
        fields = (*shared[FIRST_STATEMENT_FIELD:ERROR], batches.error, *shared[ERROR + 1 :])
    return (
        *(info.shape or shape_of(info)),
        checkout.connection if checkout is not None else 0,
        transaction.serial if transaction is not None else 0,
        transaction.autocommit if transaction is not None else False,
        1 + batches.calls if batches is not None else 1,
        phase_of(shared[SITE], stage, shared[REQUEST], request),
        stage if request.kind == "websocket" else 0,
        *fields,
    )


def shape_of(info: UnreadInfo) -> tuple[Any, ...]:
    """Read a text once for all its executions. If that fails, nothing of the text is shown."""
    try:
        shape = fingerprint(info.sql, info.engine.dialect)
        info.shape = (shape.id, shape.text, shape.operation, shape.tables, shape.writes, info.read())
    except Exception:
        report_own_error("the text of a statement could not be read")
        info.shape = (f"{info.text & 0xFFFFFFFFFFFFFFFF:016x}", "(not read)", "OTHER", (), (), NO_INFO)
    return info.shape


def _stalled(start: float, duration: float, blocks: Iterable[LoopBlock]) -> float:
    """Return the seconds of a driver call in which a blocked event loop could not read the answer."""
    return min(duration, sum(block.overlap(start, start + duration) for block in blocks))
