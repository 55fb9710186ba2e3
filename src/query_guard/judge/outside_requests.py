"""The facts of what a block sent outside requests: as a whole, or each call of test code into the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from query_guard.capture.live.calls import BY_TEST, CallRecorder
from query_guard.capture.window.recorder import Recorder
from query_guard.detectors import Detector
from query_guard.records import Checkout, Facts, LateCounter, Report


def parts_outside_requests(facts: Facts, recorder: Recorder) -> Iterator[Facts]:
    """Yield the parts of a block's facts that are in no request's report; each part is judged by itself."""
    request = recorder.request
    if not isinstance(recorder, CallRecorder):
        yield _part(facts, lambda record: record.request == request)
        return
    calls = _calls(facts, recorder)
    facts = replace(facts, request=facts.request._replace(is_call=True))
    for call in sorted({*calls.values()} - {BY_TEST}):
        yield _part(facts, partial(_belongs, request=request, call=call, calls=calls))


def _belongs(record: Any, request: int, call: int, calls: dict[tuple[type, int], int]) -> bool:
    return record.request == request and calls.get(_key(record)) == call


_LOST = frozenset(("leaked", "collected"))


def lost_since(facts: Facts, reports: Iterable[Report]) -> Facts | None:
    """Return the checkouts that were found lost only after the reports of their requests were finished."""
    finished = {report.facts.serial: report for report in reports}
    reported = {checkout.serial for report in finished.values() for checkout in _lost(report.facts)}
    lost = tuple([row for row in _lost(facts) if row.request in finished and row.serial not in reported])
    return Facts(facts.request, facts.duration, (), checkouts=lost, pools=facts.pools) if lost else None


def _lost(facts: Facts) -> list[Checkout]:
    return [checkout for checkout in facts.checkouts if checkout.outcome in _LOST]


def detectors_of_lost_checkouts(detectors: Iterable[Detector]) -> list[Detector]:
    return [detector for detector in detectors if "lost_checkouts" in (getattr(detector, "triggers", None) or ())]


def _calls(facts: Facts, recorder: CallRecorder) -> dict[tuple[type, int], int]:
    """Return the number of the call for each record. A transaction not ended by the application belongs to the test."""
    transactions = {transaction.serial: transaction for transaction in tuple(recorder.transactions)}
    calls = {_key(row): recorder.call_of(recorder.rows[row.serial - 1]) for row in facts.statements if not row.request}
    checkouts = {checkout.serial: checkout for checkout in tuple(recorder.checkouts)}
    calls |= {_key(checkout): recorder.call_of(checkouts[checkout.serial]) for checkout in facts.checkouts}
    calls |= {
        _key(transaction): recorder.call_of(transactions[transaction.serial])
        for transaction in facts.transactions
        if recorder.is_ended_by_application(transactions[transaction.serial])
    }
    loads = zip(facts.failed_loads, tuple(recorder.failed_loads), strict=False)
    return calls | {_key(load): recorder.call_of(row) for load, row in loads}


def _key(record: Any) -> tuple[type, int]:
    return type(record), record.serial


def _part(facts: Facts, belongs: Callable[[Any], bool]) -> Facts:
    def belonging(rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(row for row in rows if belongs(row))

    statements = belonging(facts.statements)
    return replace(
        facts,
        statements=statements,
        checkouts=belonging(facts.checkouts),
        transactions=belonging(facts.transactions),
        failed_loads=belonging(facts.failed_loads),
        loop_blocks=(),
        query_count=len(statements) + facts.dropped,
        driver_calls=sum(row.batches for row in statements) + facts.dropped,
        query_time=sum(row.duration for row in statements),
        late=LateCounter(),
    )
