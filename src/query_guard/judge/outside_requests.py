"""What a block sent outside requests: one piece, or each call of test code into the application by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from query_guard.capture.window.calls import BY_TEST, CallRecorder
from query_guard.capture.window.recorder import Recorder
from query_guard.detectors import Detector
from query_guard.records import Facts, LateCounter, Report


def parts_outside_requests(facts: Facts, recorder: Recorder) -> Iterator[Facts]:
    """Yield the parts of a block's facts that no request's own report speaks of, each to be judged by itself."""
    request = recorder.request
    if not isinstance(recorder, CallRecorder):
        yield _part(facts, lambda one: one.request == request)
        return
    calls = _calls(facts, recorder)
    facts = replace(facts, request=facts.request._replace(is_call=True))
    for call in sorted({*calls.values()} - {BY_TEST}):
        yield _part(facts, partial(_belongs, request=request, call=call, calls=calls))


def _belongs(one: Any, request: int, call: int, calls: dict[tuple[type, int], int]) -> bool:
    return one.request == request and calls.get(_key(one)) == call


_LOST = frozenset(("leaked", "collected"))


def lost_since(facts: Facts, reports: Iterable[Report]) -> Facts | None:
    """Return the checkouts of requests that are over which were found lost after these had been reported."""
    over = {report.facts.serial: report for report in reports}
    told = {one.serial for report in over.values() for one in report.facts.checkouts if one.outcome in _LOST}
    lost = tuple(
        one for one in facts.checkouts if one.outcome in _LOST and one.request in over and one.serial not in told
    )
    return Facts(facts.request, facts.duration, (), checkouts=lost, pools=facts.pools) if lost else None


def of_lost_checkouts(detectors: Iterable[Detector]) -> list[Detector]:
    return [detector for detector in detectors if "lost_checkouts" in (getattr(detector, "triggers", None) or ())]


def _calls(facts: Facts, recorder: CallRecorder) -> dict[tuple[type, int], int]:
    """Return the calls by what they did. A transaction that test code ended, or nobody, was the test's to hold."""
    transactions = {one.serial: one for one in tuple(recorder.transactions)}
    calls = {_key(row): recorder.call_of(recorder.rows[row.serial - 1]) for row in facts.statements if not row.request}
    checkouts = {one.serial: one for one in tuple(recorder.checkouts)}
    calls |= {_key(one): recorder.call_of(checkouts[one.serial]) for one in facts.checkouts}
    calls |= {
        _key(one): recorder.call_of(transactions[one.serial])
        for one in facts.transactions
        if recorder.is_ended_by_application(transactions[one.serial])
    }
    loads = zip(facts.failed_loads, tuple(recorder.failed_loads), strict=False)
    return calls | {_key(load): recorder.call_of(row) for load, row in loads}


def _key(one: Any) -> tuple[type, int]:
    return type(one), one.serial


def _part(facts: Facts, belongs: Callable[[Any], bool]) -> Facts:
    def those(rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(row for row in rows if belongs(row))

    statements = those(facts.statements)
    return replace(
        facts,
        statements=statements,
        checkouts=those(facts.checkouts),
        transactions=those(facts.transactions),
        failed_loads=those(facts.failed_loads),
        loop_blocks=(),
        query_count=len(statements) + facts.dropped,
        driver_calls=sum(row.batches for row in statements) + facts.dropped,
        query_time=sum(row.duration for row in statements),
        late=LateCounter(),
    )
