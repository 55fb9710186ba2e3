"""Keep a statement even if recording it failed: what could not be read is left unknown."""

from __future__ import annotations

import sys
from asyncio import current_task
from collections.abc import Callable, Mapping
from threading import get_ident
from time import perf_counter
from typing import Any, TypeVar

from query_guard.capture.hooks.flushes import current_flush
from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.engines import engine_of
from query_guard.capture.origin.statement_info import TRANSACTION_CONTROL, UnreadInfo
from query_guard.capture.origin.values import NO_VALUES, shown_values, value_hashes
from query_guard.capture.window.delivery import count, deliver
from query_guard.capture.window.rows import Row
from query_guard.capture.window.window import is_recorded_with_parameters, stage_of
from query_guard.own_errors import report_own_error
from query_guard.records import Engine

_UNKNOWN = Engine(0, "unknown", "unknown", False)
_NOTHING_SHOWN: tuple[str, ...] = ()
_NEVER_SENT = "MissingGreenlet"
Value = TypeVar("Value")


def keep_unread(record_locals: Mapping[str, Any]) -> None:
    """Keep a statement whose recording has failed; never raises.

    `record_locals` are the local variables of `statements.record` at the moment of the failure, by name.
    """
    duration = record_locals.get("duration", perf_counter() - record_locals["started"])
    engine = _or(_UNKNOWN, lambda: engine_of(record_locals["dialect"]))
    try:
        if "row" not in record_locals and not _is_no_statement(record_locals):
            deliver(record_locals["window"], engine, _row(record_locals, engine, duration))
    except Exception:
        report_own_error("a statement could only be counted")
        count(record_locals["window"], engine, duration, record_locals.get("batches"))


def _is_no_statement(record_locals: Mapping[str, Any]) -> bool:
    """Whether it was transaction control, never sent, or a further batch of an execution that is recorded already."""
    is_control = record_locals["statement"].startswith(TRANSACTION_CONTROL)
    is_further = (
        "style" in record_locals
        and "info" not in record_locals
        and record_locals.get("batches") is None
        and _is_batch(record_locals)
    )
    return is_control or is_further or record_locals["error"] == _NEVER_SENT


def _is_batch(record_locals: Mapping[str, Any]) -> bool:
    return "_query_guard_batches" in getattr(record_locals["context"], "__dict__", {})


def _row(record_locals: Mapping[str, Any], engine: Engine, duration: float) -> Row:
    statement, parameters, window = record_locals["statement"], record_locals["parameters"], record_locals["window"]
    info = record_locals.get("info") or UnreadInfo(statement, engine)
    transaction = _transaction(record_locals, info)
    shown = is_recorded_with_parameters(window)
    shared = (
        info,
        record_locals["checkout"],
        transaction,
        record_locals.get("batches"),
        _or(0, lambda: stage_of(window)),
        info.text if statement is info.sql else hash(statement),
        call_site(sys._getframe(2)),
        record_locals.get("loader"),
        _or(0, current_flush) if info.may_write else 0,
        engine,
        _or(get_ident(), lambda: id(current_task())) if engine.is_async else get_ident(),
        False,
        _or(0, lambda: len(parameters)),
        _or(False, lambda: bool(record_locals["context"].executemany)),
        record_locals.get("streamed", False),
        record_locals["error"],
        _or(_NOTHING_SHOWN, lambda: shown_values(parameters)) if shown else (),
        window.request if window is not None else 0,
    )
    no_values: int | tuple[int, ...] = NO_VALUES
    values = _or(no_values, lambda: value_hashes(parameters))
    rows = record_locals.get("rows")
    counted = rows if type(rows) is int and rows >= 0 else None
    return (
        shared,
        record_locals["started"],
        duration,
        record_locals.get("owner"),
        values,
        counted,
        record_locals.get("load"),
    )


def _transaction(record_locals: Mapping[str, Any], info: UnreadInfo) -> Any:
    """Return the transaction it ran in, after counting it there unless that was done already."""
    transaction = record_locals.get("transaction")
    if transaction is not None and "engine" not in record_locals:
        transaction.statements += 1
        transaction.wrote = transaction.wrote or info.may_write
    return transaction


def _or(unknown: Value, read: Callable[[], Value]) -> Value:
    try:
        return read()
    except Exception:  # the caller has reported the failure already
        return unknown
