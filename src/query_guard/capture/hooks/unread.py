"""Statements of which something could not be read: they are kept all the same, and the rest is left unknown."""

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
from query_guard.capture.window.rows import Row
from query_guard.capture.window.window import count, deliver, is_recorded_with_parameters, stage_of
from query_guard.own_errors import report_own_error
from query_guard.records import Engine

_UNKNOWN = Engine(0, "unknown", "unknown", False)
_NOTHING_SHOWN: tuple[str, ...] = ()
_NEVER_SENT = "MissingGreenlet"
Value = TypeVar("Value")


def keep_unread(known: Mapping[str, Any]) -> None:
    """Keep a statement whose recording has failed; never raises.

    `known` are the local variables of `statements.record` as far as it came.
    """
    duration = known.get("duration", perf_counter() - known["started"])
    engine = _or(_UNKNOWN, lambda: engine_of(known["dialect"]))
    try:
        if "row" not in known and not _is_no_statement(known):
            deliver(known["window"], engine, _row(known, engine, duration))
    except Exception:
        report_own_error("a statement could only be counted")
        count(known["window"], engine, duration, known.get("batches"))


def _is_no_statement(known: Mapping[str, Any]) -> bool:
    """Whether it was transaction control, or never sent, or a further batch of an execution that has been recorded."""
    is_control = known["statement"].startswith(TRANSACTION_CONTROL)
    is_further = "style" in known and "info" not in known and known.get("batches") is None and _is_batch(known)
    return is_control or is_further or known["error"] == _NEVER_SENT


def _is_batch(known: Mapping[str, Any]) -> bool:
    return "_query_guard_batches" in getattr(known["context"], "__dict__", {})


def _row(known: Mapping[str, Any], engine: Engine, duration: float) -> Row:
    statement, parameters, window = known["statement"], known["parameters"], known["window"]
    info = known.get("info") or UnreadInfo(statement, engine)
    transaction = _transaction(known, info)
    shown = is_recorded_with_parameters(window)
    shared = (
        info,
        known["checkout"],
        transaction,
        known.get("batches"),
        _or(0, lambda: stage_of(window)),
        info.text if statement is info.sql else hash(statement),
        call_site(sys._getframe(2)),
        known.get("loader"),
        _or(0, current_flush) if info.may_write else 0,
        engine,
        _or(get_ident(), lambda: id(current_task())) if engine.is_async else get_ident(),
        False,
        _or(0, lambda: len(parameters)),
        _or(False, lambda: bool(known["context"].executemany)),
        known.get("streamed", False),
        known["error"],
        _or(_NOTHING_SHOWN, lambda: shown_values(parameters)) if shown else (),
        window.request if window is not None else 0,
    )
    no_values: int | tuple[int, ...] = NO_VALUES
    values = _or(no_values, lambda: value_hashes(parameters))
    rows = known.get("rows")
    counted = rows if type(rows) is int else None
    return shared, known["started"], duration, known.get("owner"), values, counted, known.get("load")


def _transaction(known: Mapping[str, Any], info: UnreadInfo) -> Any:
    """Return the transaction it ran in, which counts it."""
    transaction = known.get("transaction")
    if transaction is not None and "engine" not in known:
        transaction.statements += 1
        transaction.wrote = transaction.wrote or info.may_write
    return transaction


def _or(unknown: Value, read: Callable[[], Value]) -> Value:
    try:
        return read()
    except Exception:  # it has been reported that something could not be read
        return unknown
