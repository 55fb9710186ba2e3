"""Rows become facts, after the work is done: this is where text is read and phases are named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from time import perf_counter
from typing import Any

from query_guard.capture.attribute_reads import eager_mappings
from query_guard.capture.pools import pool_facts
from query_guard.capture.recorder import BEFORE_RESPONSE, STREAMING, Recorder
from query_guard.capture.rows import FIRST_SHARED, FailedLoadRow, Row
from query_guard.fingerprint import Fingerprint, fingerprint
from query_guard.records import (
    Checkout,
    Facts,
    FailedLoad,
    LateCounter,
    Phase,
    Pool,
    Read,
    Request,
    Statement,
    Transaction,
)


def freeze(
    recorder: Recorder, request: Request, late: LateCounter | None = None, known: tuple[Statement, ...] = ()
) -> Facts:
    """Return what a window has recorded so far; the recorder may go on.

    `known` are the statements of an earlier call, used again when no row has followed.
    """
    late = late or LateCounter()
    if recorder.is_empty and recorder.reads is None:
        return Facts(request, perf_counter() - recorder.started, (), late=late)
    rows = tuple(recorder.rows)
    statements = known if known and len(known) == len(rows) else tuple(_statements(rows, recorder.started, request))
    checkouts, pools = _checkouts(recorder)
    return Facts(
        request=request,
        duration=perf_counter() - recorder.started,
        statements=statements,
        checkouts=checkouts,
        transactions=_transactions(recorder, statements),
        pools=pools,
        failed_loads=tuple(
            FailedLoad(row.after + 1, row.loader, row.site, phase_of(row, request), row.request)
            for row in tuple(recorder.failed_loads)
        ),
        reads=tuple(Read(*key, count) for key, count in tuple((recorder.reads or {}).items())),
        notes_reads=recorder.reads is not None,
        eager_mappings=eager_mappings() if recorder.reads is not None else frozenset(),
        query_count=len(rows) + recorder.dropped,
        query_time=sum([statement.duration for statement in statements]) + recorder.dropped_time,
        dropped=recorder.dropped,
        late=late,
    )


def count(recorder: Recorder, request: Request) -> Facts:
    """Return the counts and checkouts alone, for a window too large to be read now."""
    rows = tuple(recorder.rows)
    checkouts, pools = _checkouts(recorder)
    return Facts(
        request=request,
        duration=perf_counter() - recorder.started,
        statements=(),
        checkouts=checkouts,
        pools=pools,
        query_count=len(rows) + recorder.dropped,
        query_time=sum(row.duration for row in rows) + recorder.dropped_time,
    )


def _statements(rows: Iterable[Row], origin: float, request: Request) -> list[Statement]:
    shapes: dict[tuple[str, int], tuple[Any, ...]] = {}
    phases: dict[tuple[int, int, int], Phase | None] = {}
    is_websocket = request.kind == "websocket"
    statements: list[Statement] = []
    make, shared = tuple.__new__, FIRST_SHARED
    for serial, row in enumerate(rows, 1):
        own: Any = row[:shared]
        sql, target, start, duration, checkout, transaction, batches, stage = own
        engine = row.engine
        shape = shapes.get((sql, engine.serial))
        if shape is None:
            shape = shapes[sql, engine.serial] = (*_shape(fingerprint(sql, engine.dialect)), target.read())
        place = (row.site.key, stage, row.request)
        if place not in phases:
            phases[place] = phase_of(row, request)
        facts = (
            start - origin,
            duration + sum(batches) if batches else duration,
            checkout.connection if checkout is not None else 0,
            transaction.serial if transaction is not None else 0,
            transaction.autocommit if transaction is not None else False,
            1 + len(batches) if batches else 1,
            phases[place],
            stage if is_websocket else 0,
        )
        statement = make(Statement, (serial, *shape, *facts, *row[shared:]))
        statements.append(statement._replace(error=batches.error) if batches and batches.error else statement)
    return statements


def _shape(shape: Fingerprint) -> tuple[Any, ...]:
    return (shape.id, shape.text, shape.operation, shape.tables, shape.writes)


def _transactions(recorder: Recorder, statements: Iterable[Statement]) -> tuple[Transaction, ...]:
    """Freeze a window's transactions, with the rows that their statements wrote, as far as drivers say."""
    written: dict[int, int] = defaultdict(int)
    for row in statements:
        if row.writes and row.rows:
            written[row.transaction] += row.rows
    return tuple(
        open_one.facts(recorder.started, written[open_one.serial]) for open_one in tuple(recorder.transactions)
    )


def _checkouts(recorder: Recorder) -> tuple[tuple[Checkout, ...], tuple[Pool, ...]]:
    """Freeze a window's checkouts, and the pools they came from as these stand now."""
    rows = tuple(recorder.checkouts)
    pools = dict.fromkeys(pool for checkout in rows if (pool := checkout.pool()) is not None)
    frozen = tuple(checkout.facts(recorder.started) for checkout in rows)
    return frozen, tuple(pool_facts(pool) for pool in pools)


def phase_of(row: Row | FailedLoadRow, request: Request) -> Phase | None:
    """Name the part of a request that sent a statement, from its frames and the ASGI messages sent by then."""
    site, stage = row.site, row.stage
    if request.kind == "block" and not row.request:
        return None
    if request.kind == "websocket":
        stage = BEFORE_RESPONSE
    if site.boundary in ("middleware", "background", "task"):
        return site.boundary  # type: ignore[return-value]
    if site.boundary == "response" or not site.frames:
        return "serialization" if stage == BEFORE_RESPONSE else "streaming"
    if request.kind == "block":
        return None  # seen from outside the request, whose endpoint only its own report knows
    if stage == BEFORE_RESPONSE:
        endpoint = request.endpoint
        starts = [(frame.file, frame.first_line) for frame in site.frames]
        return "endpoint" if endpoint and (endpoint.file, endpoint.first_line) in starts else "dependency"
    if stage == STREAMING:
        return "streaming"
    return "teardown" if site.resumed else "background"
