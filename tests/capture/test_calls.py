"""The calls from test code into the application that records outside requests belong to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from query_guard.capture.live.calls import BY_TEST, CallRecorder
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.records import NOWHERE
from tests.capture.rows import row_of, shared_of

APPLICATION: dict[str, Any] = {}
exec(compile("def serve(act):\n    return act()\n", "/srv/shop/app.py", "exec"), APPLICATION)
serve: Callable[[Callable[[], Any]], Any] = APPLICATION["serve"]


@pytest.fixture
def recorder() -> CallRecorder:
    return CallRecorder(lambda file: file == __file__)


def records_of(recorder: CallRecorder, request: int) -> list[Any]:
    """Add one record of each kind."""
    row = row_of(shared_of(request=request))
    checkout, transaction = mock.Mock(request=request, holders=()), mock.Mock(request=request)
    load = FailedLoadRow(0, None, NOWHERE, 0, request, None, "greenlet")
    recorder.add(row)
    recorder.add_checkout(checkout)
    recorder.add_transaction(transaction)
    recorder.add_failed_load(load)
    return [row, checkout, transaction, load]


def calls_of(recorder: CallRecorder, records: list[Any]) -> set[int]:
    return {recorder.call_of(record) for record in records}


def test_each_call_of_the_application_has_a_number_of_its_own(recorder: CallRecorder) -> None:
    calls = [calls_of(recorder, serve(lambda: records_of(recorder, 0))) for _ in range(3)]
    assert calls == [{1}, {2}, {3}]


def test_what_the_test_does_itself_and_what_requests_do_belongs_to_no_call(recorder: CallRecorder) -> None:
    assert calls_of(recorder, records_of(recorder, 0)) == {BY_TEST}
    assert calls_of(recorder, serve(lambda: records_of(recorder, 5))) == {BY_TEST}
    assert (len(recorder.rows), len(recorder.checkouts)) == (2, 2)
    assert (len(recorder.transactions), len(recorder.failed_loads)) == (2, 2)


def test_a_call_goes_on_while_its_frame_runs(recorder: CallRecorder) -> None:
    def twice() -> list[Any]:
        return [*records_of(recorder, 0), *serve(lambda: records_of(recorder, 0))]

    assert calls_of(recorder, serve(twice)) == {1}


def test_a_debugger_still_traces_a_frame_that_is_marked(recorder: CallRecorder) -> None:
    events: list[str] = []

    def traced(_frame: object, kind: str, _argument: object) -> Any:
        events.append(kind)
        return traced

    def act() -> Any:
        frame: Any = sys._getframe(1)
        frame.f_trace = traced
        records_of(recorder, 0)
        return frame.f_trace(frame, "line", None) is frame.f_trace

    assert serve(act)
    assert events == ["line"]


def test_a_frame_that_nobody_traces_is_marked_alone(recorder: CallRecorder) -> None:
    def act() -> Any:
        frame: Any = sys._getframe(1)
        records_of(recorder, 0)
        return frame.f_trace(frame, "line", None) is frame.f_trace

    assert serve(act)
