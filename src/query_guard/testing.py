"""Assertions on queries, for any test runner: plain context managers that work in sync and async tests.

They see every statement of the process while their block runs: fixtures' threads, portals and test clients included.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from query_guard.document import callers_of
from query_guard.recording import Recording, allow_in_process, record_process
from query_guard.records import Finding, Statement, grouped

__all__ = [
    "Recording",
    "allow_in_process",
    "assert_max_queries",
    "assert_no_findings",
    "assert_num_queries",
    "record_queries",
]


@contextmanager
def record_queries(name: str = "test", *, reads: bool = False) -> Iterator[Recording]:
    """Record what the block sends: `.query_count`, `.statements` and `.findings` at any time, `.report` at the end.

    With `reads`, note which relationships the block reads, and find eager loads that it never reads and collections
    that it only counts.
    """
    with record_process(name, reads=reads) as recording:
        yield recording


@contextmanager
def assert_max_queries(number: int) -> Iterator[Recording]:
    """Fail when the block sends more than `number` statements."""
    __tracebackhide__ = True
    _check_number("assert_max_queries", number)
    with record_queries() as recording:
        yield recording
    if recording.query_count > number:
        raise AssertionError(_message(f"at most {number}", recording))


@contextmanager
def assert_num_queries(number: int) -> Iterator[Recording]:
    """Fail when the block does not send exactly `number` statements."""
    __tracebackhide__ = True
    _check_number("assert_num_queries", number)
    with record_queries() as recording:
        yield recording
    if recording.query_count != number:
        raise AssertionError(_message(f"exactly {number}", recording))


@contextmanager
def assert_no_findings(*, kinds: Collection[str] | None = None, reads: bool = False) -> Iterator[Recording]:
    """Fail when the block has findings of severity warning or error, of these `kinds` where given.

    `reads` is that of `record_queries`.
    """
    __tracebackhide__ = True
    if isinstance(kinds, str):
        raise ValueError(f"assert_no_findings: kinds must be a collection of kinds, such as {{{kinds!r}}}, not a text")
    with record_queries(reads=reads) as recording:
        yield recording
    loud = [finding for finding in recording.findings if finding.is_loud and (kinds is None or finding.kind in kinds)]
    if loud:
        head = "expected no findings, got 1:" if len(loud) == 1 else f"expected no findings, got {len(loud)}:"
        raise AssertionError("\n".join([head, *(line for finding in loud for line in _finding_lines(finding))]))


def _check_number(name: str, number: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"{name}: the number of queries must be an integer of at least 0, not {number!r}")


def _message(expected: str, recording: Recording) -> str:
    queries = "query" if expected.endswith(" 1") else "queries"
    lines = [f"expected {expected} {queries}, got {recording.query_count}:"]
    groups = grouped(recording.statements, lambda row: (row.fingerprint, row.site.key)).values()
    lines += [_shape_line(rows) for rows in sorted(groups, key=lambda rows: -len(rows))]
    if recording.query_count == 0:
        lines.append("  nothing was sent: is the engine used in this process, and inside the block?")
    for finding in recording.findings:
        if finding.is_loud:
            lines += _finding_lines(finding)
    return "\n".join(lines)


def _shape_line(rows: list[Statement]) -> str:
    frame = rows[0].site.innermost
    phase = rows[0].phase or "no line of the application"
    place = f"{frame.file}:{frame.line} in {frame.function}" if frame else phase
    loaded = f" [{rows[0].relationship}]" if rows[0].relationship else ""
    return f"  {len(rows)} x {rows[0].sql}{loaded}\n      {place}"


def _finding_lines(finding: Finding) -> list[str]:
    frame = finding.site.innermost
    lines = [f"  {finding.kind}: {finding.summary}"]
    if frame:
        lines.append(f"    at {frame.file}:{frame.line} in {frame.function}")
    elif finding.phase:
        lines.append(f"    during {finding.place}")
    lines += [f"    called from {caller.file}:{caller.line} in {caller.function}" for caller in callers_of(finding)]
    return [*lines, f"    fix: {finding.fix}"]
