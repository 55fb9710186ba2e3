"""Assertions on what a block sends."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from query_guard.recording import Recording, record_process
from query_guard.testing.found import found_in
from query_guard.testing.messages import (
    count_message,
    findings_message,
    nothing_seen_message,
    own_errors_message,
    refusal_message,
)


@contextmanager
def record_queries(name: str = "test", *, reads: bool = False, required: bool = False) -> Iterator[Recording]:
    """Record what the block sends: `.query_count`, `.statements` and `.findings` at any time, `.report` at the end.

    With `reads`, note which relationships the block reads, and find eager loads that it never reads and collections
    that it only counts. With `required`, fail where nothing could be seen at all: no statement and no checkout.
    """
    __tracebackhide__ = True
    with record_process(name, reads=reads) as recording:
        yield recording
    if required and recording.saw_nothing:
        raise AssertionError(nothing_seen_message())


@contextmanager
def assert_max_queries(number: int) -> Iterator[Recording]:
    """Fail when the block sends more than `number` statements."""
    __tracebackhide__ = True
    check_number("assert_max_queries", number)
    with record_queries() as recording:
        yield recording
    check_profiled(recording)
    _judge(recording, count_message(f"at most {number}", recording) if recording.query_count > number else "")


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
    """Fail when the block has findings of severity warning or error, of these `kinds` where given.

    A route over its budget is a finding, too. `reads` is that of `record_queries`.
    """
    __tracebackhide__ = True
    if isinstance(kinds, str):
        raise ValueError(f"assert_no_findings: kinds must be a collection of kinds, such as {{{kinds!r}}}, not a text")
    with record_queries(reads=reads) as recording:
        yield recording
    check_profiled(recording)
    found = [found for found in found_in(recording) if kinds is None or not found.finding.kinds.isdisjoint(kinds)]
    _judge(recording, findings_message(found) if found else "")


def _judge(recording: Recording, fault: str) -> None:
    """Fail for a fault of the block, and where the guard itself failed in it."""
    __tracebackhide__ = True
    faults = [text for text in (own_errors_message(recording), fault) if text]
    if faults:
        raise AssertionError("\n".join(faults))


def check_profiled(recording: Recording) -> None:
    """Fail where requests passed a QueryGuard that was refused: what they sent was never judged."""
    __tracebackhide__ = True
    if recording.refusals:
        raise AssertionError(refusal_message(recording.refusals))


def check_number(name: str, number: object) -> None:
    """Raise ValueError for what is no number of queries; `name` says who was given it."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"{name}: the number of queries must be an integer of at least 0, not {number!r}")
