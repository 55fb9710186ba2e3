"""The readable report, for terminals and curl."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from query_guard.document.change import change_sentence
from query_guard.document.findings import callers_of, place_line, places_of
from query_guard.document.pools import pool_numbers
from query_guard.document.sentence import sentence
from query_guard.records import Facts, Finding, Frame, Report, Statement, grouped

_SHAPES = 12
_WIDTH = 110


@dataclass(slots=True, eq=False)
class TextReporter:
    """Print each report as people read it: a sentence, the findings with their fixes, the shapes of statements."""

    stream: TextIO | None = None
    """Where to; standard error by default."""

    def __call__(self, report: Report) -> None:
        print(render(report), file=self.stream or sys.stderr)


def render(report: Report) -> str:
    """Return a report as plain text, the sentence first."""
    return "\n".join(map(printable, _lines(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield sentence(report)
    yield f"  {_outcome(report)}"
    if report.change is not None:
        yield f"  change: {change_sentence(report.request.name, report.change)}"
    for finding in report.findings:
        yield from _finding_lines(finding)
    yield from _shape_lines(report)
    for silence in report.silences:
        frame = silence.site.innermost
        yield f"  {silence.reason} ({silence.count} statements{f', {frame.file}:{frame.line}' if frame else ''})"
    yield from _dropped(report.facts)


def _dropped(facts: Facts) -> Iterator[str]:
    """Yield lines on what was counted without details."""
    for number, detailed, noun in (
        (facts.dropped, facts.statements, "statements"),
        (facts.dropped_checkouts, facts.checkouts, "checkouts"),
        (facts.dropped_transactions, facts.transactions, "transactions"),
    ):
        if number:
            yield f"  {number} {'more ' if detailed else ''}{noun} were counted without details"


def _outcome(report: Report) -> str:
    facts, request = report.facts, report.request
    parts = [
        f"status {request.status}" if request.status is not None else "",
        f"{request.exception} escaped" if request.exception is not None else "",
        "the client went away" if request.cancelled else "",
        f"{facts.duration * 1000:.1f} ms",
        f"{facts.query_time * 1000:.1f} ms in the database",
        _pool(report),
        f"report {report.id}",
        f"trace {report.trace_id}" if report.trace_id is not None else "",
    ]
    return "; ".join(part for part in parts if part)


def _pool(report: Report) -> str:
    numbers = pool_numbers(report.facts.numbers)
    if not numbers:
        return ""
    of_size = f" of {numbers['size']}" if numbers["size"] is not None else ""
    in_use = f", {numbers['checked_out']}{of_size} checked out" if numbers["checked_out"] is not None else ""
    noun = "checkout" if numbers["checkouts"] == 1 else "checkouts"
    return (
        f"{numbers['checkouts']} {noun}, waited {numbers['wait_ms']:.1f} ms, held {numbers['held_ms']:.1f} ms{in_use}"
    )


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"  {finding.severity} {finding.kind}: {_cut(finding.summary)}"
    location = place_line(finding)
    if location:
        yield f"    {location}"
    for caller in callers_of(finding):
        yield f"    called from {caller.file}:{caller.line} in {caller.function}"
    for place in places_of(finding):
        yield f"    also at {place.file}:{place.line} in {place.function}"
    for detail in finding.details:
        yield f"    {detail}"
    yield f"    fix: {finding.fix}"
    if finding.tried is not None:
        yield f"    {finding.tried}"
    for effect in finding.effects:
        yield f"    also fixes: {effect.kind} at {effect.place}: {_cut(effect.summary)}"


def _shape_lines(report: Report) -> Iterator[str]:
    groups = sorted(_by_shape(report).values(), key=lambda rows: -sum(row.duration for row in rows))
    if not groups:
        return
    yield ""
    for rows in groups[:_SHAPES]:
        frame = rows[0].site.innermost
        place = f"{frame.file}:{frame.line}" if frame else (rows[0].phase or "?")
        milliseconds_spent = sum(row.duration for row in rows) * 1000
        failed = sum(row.error is not None for row in rows)
        note = f" ({failed} failed)" if failed else ""
        yield f"  {len(rows):>4} x {milliseconds_spent:8.1f} ms  {_cut(rows[0].sql, 70):<70}  {place}{note}"
    if len(groups) > _SHAPES:
        yield f"  and {len(groups) - _SHAPES} more shapes"


def _by_shape(report: Report) -> dict[tuple[str, Frame | None], list[Statement]]:
    return grouped(report.facts.statements, lambda row: (row.fingerprint, row.site.innermost))


def printable(text: str) -> str:
    """Replace what would break the line or control the terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _cut(text: str, width: int = _WIDTH) -> str:
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"
