"""Make the facts of a window, after the work is done."""

from __future__ import annotations

from time import perf_counter

from query_guard.capture.freeze.connection_facts import freeze_checkouts, freeze_transactions
from query_guard.capture.freeze.loads import loads_of
from query_guard.capture.freeze.phases import phase_of
from query_guard.capture.freeze.statement_facts import freeze_statements
from query_guard.capture.live.lock_holders import writers_beside
from query_guard.capture.live.threads import thread_limit
from query_guard.capture.origin.eager_mappings import eager_mappings
from query_guard.capture.window.recorder import Recorder
from query_guard.own_errors import report_own_error
from query_guard.records import (
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


def freeze(
    recorder: Recorder,
    request: Request,
    late_counter: LateCounter | None = None,
    earlier: tuple[Statement, ...] = (),
    *,
    checkouts: bool = True,
) -> Facts:
    """Return what a window has recorded so far; the recorder may go on.

    `earlier` are the statements of an earlier call, used again if there are no new rows. Without `checkouts`, checkouts
    and pools are left out: a response should not wait for facts that no detector needs.
    """
    late_counter = late_counter or LateCounter()
    if recorder.is_empty and recorder.reads is None:
        return Facts(request, perf_counter() - recorder.started, (), late=late_counter)
    rows = tuple(recorder.rows)
    dropped, dropped_time = recorder.dropped()
    blocks = loop_blocks(recorder)
    statements = earlier
    if not earlier or len(earlier) != len(rows):
        statements = tuple(freeze_statements(rows, recorder, request, blocks))
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
        late_counter,
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
