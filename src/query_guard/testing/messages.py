"""What a failed assertion says: expected, actual, the shapes with counts and lines, and what to type."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from query_guard.detectors.statement_budget import KIND
from query_guard.document.findings import callers_of, place_line, places_of
from query_guard.own_errors import described
from query_guard.recording import Recording
from query_guard.records import Report, Statement, grouped, shown_seconds
from query_guard.reporters.text import printable
from query_guard.testing.found import Found, found_in
from query_guard.testing.shortened import shortened

NOTHING_SENT = "  nothing was sent: is the engine used in this process, and inside the block?"
_SHAPES = 20


def count_message(expected: str, recording: Recording) -> str:
    """Say that a block did not send `expected`, "at most 2", queries."""
    queries = "query" if expected.endswith(" 1") else "queries"
    lines = [f"expected {expected} {queries}, got {recording.query_count}:", *shapes_text(recording.statements)]
    if recording.query_count == 0:
        lines.append(NOTHING_SENT)
    if without_details := recording.query_count - len(recording.statements):
        lines.append(f"  and {without_details} more, which were counted without details")
    return _text([*lines, *(line for found in found_in(recording) for line in found_lines(found))])


def query_time(recording: Recording) -> float:
    """Return the seconds that the database took for what a block sent."""
    return recording.report.facts.query_time


def time_message(max_time: float, recording: Recording) -> str:
    """Say that the database took too long for a block, and for which statements the longest."""
    head = f"expected at most {shown_seconds(max_time)} in the database, got {shown_seconds(query_time(recording))}:"
    groups = grouped(recording.statements, lambda row: (row.fingerprint, row.site.key)).values()
    slowest = sorted(groups, key=lambda rows: -sum(row.duration for row in rows))[:_SHAPES]
    lines = [
        line
        for rows in slowest
        for line in shape_lines(f"{shown_seconds(sum(row.duration for row in rows))} for {len(rows)}", rows[0])
    ]
    return _text([head, *lines])


def nothing_seen_message() -> str:
    """Say that a block was expected to use a database, and that nothing was seen of it."""
    return (
        "expected to see what the block does with a database, got nothing at all: no statement was sent and no "
        "connection taken; use the engine in this process and inside the block, or leave required=True out"
    )


def own_errors_message(*recordings: Recording) -> str:
    """Say which parts of the guard itself failed within some blocks; empty where none did."""
    errors: dict[str, int] = {}
    for recording in recordings:
        for error, times in recording.own_errors.items():
            errors[error] = max(times, errors.get(error, 0))
    return described(errors) if errors else ""


def refusal_message(refusals: Collection[str]) -> str:
    """Say that requests were not profiled because the application's QueryGuard has a wrong option."""
    return "\n".join(["expected requests to be profiled, but an option of QueryGuard is wrong:", *sorted(refusals)])


def findings_message(all_found: Sequence[Found]) -> str:
    """Say that there should have been no findings."""
    head = f"expected no findings, got {len(all_found)}:"
    return _text([head, *(line for found in all_found for line in found_lines(found))])


def budget_message(reports: Sequence[Report]) -> str:
    """Say that requests of one route were over its budget; the statements shown are those of the worst request."""
    report = max(reports, key=lambda report: report.query_count)
    name, budget = report.request.name, report.request.budget
    noun = "query" if budget == 1 else "queries"
    requests = f" (and too many in {len(reports)} requests)" if len(reports) > 1 else ""
    lines = [f"expected at most {budget} {noun} of {name}, its budget, got {report.query_count}{requests}:"]
    lines += shapes_text(report.facts.statements)
    other_findings = [Found("", finding) for finding in report.loud_findings if finding.kind != KIND]
    return _text([*lines, *(line for found in other_findings for line in found_lines(found))])


def _text(lines: Iterable[str]) -> str:
    return "\n".join(map(printable, lines))


def found_lines(found: Found) -> Iterator[str]:
    """Yield what is wrong, on which route, at which line, who called it, and the fix."""
    return map(printable, _found_lines(found))


def _found_lines(found: Found) -> Iterator[str]:
    finding = found.finding
    yield f"  {finding.kind}: {shortened(finding.summary)}"
    times = f" ({found.times} times)" if found.times > 1 else ""
    if found.route:
        yield f"    on {found.route}{times}"
    if place := place_line(finding):
        yield f"    {place}"
    for caller in callers_of(finding):
        yield f"    called from {caller.file}:{caller.line} in {caller.function}"
    for further_place in places_of(finding):
        yield f"    also at {further_place.file}:{further_place.line} in {further_place.function}"
    yield f"    fix: {finding.fix}"
    if finding.tried is not None:
        yield f"    {finding.tried}"
    for effect in finding.effects:
        yield f"    also fixes: {effect.kind} at {effect.place}: {effect.summary}"


def shapes_text(statements: Sequence[Statement]) -> list[str]:
    """Say how often each shape was sent from each site, the most frequent first."""
    groups = sorted(
        grouped(statements, lambda row: (row.fingerprint, row.site.key)).values(), key=lambda rows: -len(rows)
    )
    lines = [line for rows in groups[:_SHAPES] for line in shape_lines(str(len(rows)), rows[0])]
    return [*lines, f"  and {len(groups) - _SHAPES} more shapes"] if len(groups) > _SHAPES else lines


def shape_lines(count: str, row: Statement) -> list[str]:
    """Say how often a shape was sent, for which relationship, and from where."""
    frame = row.site.innermost
    place = f"{frame.file}:{frame.line} in {frame.function}" if frame else row.phase or "no line of the application"
    loaded = f" [{row.relationship}]" if row.relationship else ""
    return [printable(f"  {count} x {shortened(row.sql)}{loaded}"), printable(f"      {place}")]
