"""Assertions on what a block sends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from query_guard.judge.allowances import parse_allowances
from query_guard.recording import Recording, record_process
from query_guard.testing.found import found_in
from query_guard.testing.kinds import checked_kinds, fails
from query_guard.testing.messages import (
    count_message,
    findings_message,
    nothing_seen_message,
    own_errors_message,
    query_time,
    refusal_message,
    time_message,
)


@contextmanager
def record_queries(
    name: str = "test",
    *,
    reads: bool = False,
    required: bool = False,
    is_test_code: Callable[[str], bool] | None = None,
) -> Iterator[Recording]:
    """Record what the block sends: `.query_count`, `.statements` and `.findings` at any time, `.report` at the end.

    With `reads`, note which relationships the block reads, and find eager loads that it never reads and collections
    that it only counts. With `required`, fail where nothing could be seen at all: no statement and no checkout.

    All that was sent outside requests is judged as one piece. With `is_test_code`, which says of a file whether it is,
    what test code sends is counted and not judged, and each call of it into the application is judged by itself.
    """
    __tracebackhide__ = True
    with record_process(name, reads=reads, is_test_code=is_test_code) as recording:
        yield recording
    if required and recording.saw_nothing:
        raise AssertionError(nothing_seen_message())


@contextmanager
def assert_max_queries(number: int, *, max_time: float | None = None) -> Iterator[Recording]:
    """Fail when the block sends more than `number` statements, or the database takes more than `max_time` seconds."""
    __tracebackhide__ = True
    check_number("assert_max_queries", number)
    if max_time is not None:
        check_time("assert_max_queries: max_time", max_time)
    with record_queries() as recording:
        yield recording
    check_profiled(recording)
    faults = [count_message(f"at most {number}", recording)] if recording.query_count > number else []
    faults += [time_message(max_time, recording)] if max_time is not None and query_time(recording) > max_time else []
    _judge(recording, "\n".join(faults))


@contextmanager
def assert_num_queries(number: int) -> Iterator[Recording]:
    """Fail when the block does not send exactly `number` statements."""
    __tracebackhide__ = True
    check_number("assert_num_queries", number)
    with record_queries() as recording:
        yield recording
    check_profiled(recording)
    _judge(recording, count_message(f"exactly {number}", recording) if recording.query_count != number else "")


@contextmanager
def assert_no_findings(*, kinds: Collection[str] | None = None, reads: bool = False) -> Iterator[Recording]:
    """Fail when the block has findings of severity warning or error, or only those of these `kinds` where given.

    Without `kinds`, findings that measure time do not count: on a busy machine anything is slow. Raises ValueError for
    an unknown kind. A route over its budget is a finding, too. `reads` is that of `record_queries`.
    """
    __tracebackhide__ = True
    fail_on = None if kinds is None else checked_kinds("assert_no_findings: kinds", kinds)
    with record_queries(reads=reads) as recording:
        yield recording
    check_profiled(recording)
    found = [found for found in found_in(recording) if fails(found.finding, fail_on)]
    _judge(recording, findings_message(found) if found else "")


def _judge(recording: Recording, fault: str) -> None:
    """Fail for a fault of the block, and where the guard itself failed in it."""
    __tracebackhide__ = True
    faults = [text for text in (own_errors_message(recording), fault) if text]
    if faults:
        raise AssertionError("\n".join(faults))


def check_profiled(recording: Recording) -> None:
    """Fail where a QueryGuard was refused for a wrong option: what its requests sent was never judged."""
    __tracebackhide__ = True
    if recording.refusals:
        raise AssertionError(refusal_message(recording.refusals))


def check_time(name: str, seconds: object) -> None:
    """Raise ValueError unless `seconds` is a number of seconds of at least 0; `name` is the argument in the message."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < inf:
        raise ValueError(f"{name}: the time must be a number of seconds of at least 0, not {seconds!r}")


def check_allowances(name: str, allowances: Any) -> None:
    """Raise ValueError for an allowance that cannot be read, or that names an unknown kind."""
    for allowance in parse_allowances(name, allowances):
        if allowance.kind is not None:
            checked_kinds(f"{name}: allow", [allowance.kind])


def check_number(name: str, number: object) -> None:
    """Raise ValueError unless `number` is an integer of at least 0; `name` is the assertion in the message."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"{name}: the number of queries must be an integer of at least 0, not {number!r}")
