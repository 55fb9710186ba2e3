"""What is written on the span of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from query_guard.records import Finding, Numbers


class Span(Protocol):
    """The part of a span of OpenTelemetry that is needed here."""

    def is_recording(self) -> bool: ...

    def set_attributes(self, attributes: Mapping[str, Any], /) -> None: ...

    def add_event(self, name: str, attributes: Mapping[str, Any], /) -> None: ...


class RequestSpan:
    """Writes the numbers and the findings of a request on its span, as often as there is more to say.

    FastAPI's own telemetry and OpenTelemetry's instrumentation of ASGI end a span with the last message of the answer.
    So it is written before that message, and again at the end, where it still records. A finding is one event all the
    same.
    """

    def __init__(self, span: Span) -> None:
        self._span = span
        self._written: set[tuple[object, ...]] = set()

    def note(self, report_id: str, sampled: bool, numbers: Numbers, findings: Iterable[Finding]) -> None:
        """Write what is known by now. Of a request that was not sampled, nobody knows how long it waited."""
        if not self._span.is_recording():
            return
        attributes = {
            "query_guard.report_id": report_id,
            "query_guard.sampled": sampled,
            "query_guard.queries": numbers.query_count,
            "query_guard.query_time": numbers.query_time,
        }
        if sampled:
            attributes["query_guard.wait_time"] = numbers.wait
        self._span.set_attributes(attributes)
        for finding in findings:
            cause = (finding.kind, finding.site.key, finding.relationship, finding.statements[:1])
            if cause not in self._written:
                self._written.add(cause)
                self._span.add_event("query_guard.finding", event_of(finding))


def event_of(finding: Finding) -> dict[str, str | int]:
    """Return the attributes of a finding's event; what it says and where, never a value of the application."""
    attributes: dict[str, str | int] = {
        "query_guard.finding.kind": finding.kind,
        "query_guard.finding.severity": finding.severity,
        "query_guard.finding.summary": finding.summary,
        "query_guard.finding.fix": finding.fix,
        "query_guard.finding.count": finding.count,
    }
    frame = finding.site.innermost
    if frame is not None:
        attributes["code.file.path"] = frame.file
        attributes["code.line.number"] = frame.line
        attributes["code.function.name"] = frame.function
    return attributes
