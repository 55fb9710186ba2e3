"""Make facts of rows, after the work is done: SQL text is read here, and phases are named."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from typing import Any

from query_guard.capture.freeze.connection_facts import freeze_checkouts, freeze_transactions
from query_guard.capture.freeze.loads import loads_of
from query_guard.capture.freeze.phases import phase_of
from query_guard.capture.live.lock_holders import writers_beside
from query_guard.capture.live.threads import thread_limit
from query_guard.capture.origin.eager_mappings import eager_mappings
from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import BATCHES, ENGINE, ERROR, FIRST_STATEMENT_FIELD, REQUEST, SITE, Row, Shared
from query_guard.own_errors import report_own_error
from query_guard.records import (
    NO_INFO,
    Checkout,
    Facts,
    FailedLoad,
    LateCounter,
    LoopBlock,
    Pool,
    Read,
    Request,
    Statement,
    Transaction,
)
from query_guard.sql.fingerprint import fingerprint


def freeze(
    recorder: Recorder,
    request: Request,
    late: LateCounter | None = None,
    earlier: tuple[Statement, ...] = (),
    *,
    checkouts: bool = True,
) -> Facts:
    """Return what a window has recorded so far; the recorder may go on.

    `earlier` are the statements of an earlier call, used again if there are no new rows. Without `checkouts`, checkouts
    and pools are left out: a response should not wait for facts that no detector needs.
    """
    late = late or LateCounter()
    if recorder.is_empty and recorder.reads is None:
        return Facts(request, perf_counter() - recorder.started, (), late=late)
    rows = tuple(recorder.rows)
    dropped, dropped_time = recorder.dropped()
    blocks = loop_blocks(recorder)
    statements = earlier
    if not earlier or len(earlier) != len(rows):
        statements = tuple(_statements(rows, recorder, request, blocks))
    transactions = _transactions(recorder, statements, request)
    frozen_checkouts, pools = _checkouts(recorder, statements, request) if checkouts else ((), ())
    reads = recorder.reads
    return Facts(  # by position: keyword arguments would double the time of this call
        request,
        perf_counter() - recorder.started,
        statements,
        frozen_checkouts,
        transactions,
        pools,
        blocks,
        _failed_loads(recorder, request) if recorder.failed_loads else (),
        tuple(Read(*key, count) for key, count in tuple(reads.items())) if reads else (),
        reads is not None,
        eager_mappings() if reads is not None else frozenset(),
        len(rows) + dropped,
        recorder.further_calls + len(rows) + dropped,
        sum([statement.duration for statement in statements]) + dropped_time,
        dropped,
        recorder.dropped_checkouts,
        recorder.dropped_transactions,
        recorder.dropped_failed_loads,
        late,
        recorder.request,
        writers_beside(statements, recorder.started),
        thread_limit() if any(checkout.busy_threads for checkout in frozen_checkouts) else None,
    )


def _transactions(recorder: Recorder, statements: tuple[Statement, ...], request: Request) -> tuple[Transaction, ...]:
    """Return the transactions, or none if that fails: statements and counts are reported all the same."""
    try:
        return freeze_transactions(recorder, statements, request)
    except Exception:
        report_own_error("the transactions of a window could not be described")
        return ()


def _checkouts(
    recorder: Recorder, statements: tuple[Statement, ...], request: Request
) -> tuple[tuple[Checkout, ...], tuple[Pool, ...]]:
    try:
        return freeze_checkouts(recorder, statements, request)
    except Exception:
        report_own_error("the checkouts of a window could not be described")
        return (), ()


def _failed_loads(recorder: Recorder, request: Request) -> tuple[FailedLoad, ...]:
    loaded_by, _ = loads_of(recorder)
    return tuple(
        FailedLoad(
            row.after + 1,
            row.loader,
            row.site,
            phase_of(row.site, row.stage, row.request, request),
            row.request,
            loaded_by.get(row.load) if row.load else row.load,
            row.failure,
        )
        for row in tuple(recorder.failed_loads)
    )  # fmt: skip


def loop_blocks(recorder: Recorder) -> tuple[LoopBlock, ...]:
    """Return the times since the window was opened in which its event loop was blocked."""
    origin = recorder.started
    if not recorder.loop_blocks:
        return ()
    return tuple(
        block._replace(start=max(0.0, block.start - origin), end=block.end - origin)
        for block in tuple(recorder.loop_blocks)
        if block.end > origin
    )


def _statements(
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
