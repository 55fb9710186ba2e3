"""What the log says of a report: the events, and their fields. No field may hold a value of the application."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from query_guard.document.change import change_document
from query_guard.document.connections import holder_document
from query_guard.document.fields import milliseconds
from query_guard.document.findings import finding_document
from query_guard.document.sentence import sentence
from query_guard.document.strict_json import json_safe
from query_guard.records import Engine, Finding, Holder, Report, count_kinds
from query_guard.reporters.text import printable

_AS_IT_IS = frozenset((bool, int, type(None)))
"""Types of values that each log can carry: most fields of a request are of them."""
_OF_FINDING = ("kind", "severity", "summary", "fix", "file", "line", "function", "count")


class Event(NamedTuple):
    level: str
    name: str
    values: dict[str, Any]


def event_of(level: str, name: str, values: dict[str, Any], of_all: dict[str, Any]) -> Event:
    """Return an event with the fields that all events have, `of_all` among them."""
    given = {**values, "pid": os.getpid(), **of_all}
    return Event(level, name, {key: shown(value) for key, value in given.items()})


def shown(value: Any) -> Any:
    """Return a value as JSON, and a line of a log, can carry it."""
    if type(value) in _AS_IT_IS:
        return value
    safe = value if type(value) is str and value.isascii() else json_safe(value)
    return printable(safe) if isinstance(safe, str) else safe


def request_fields(report: Report) -> dict[str, Any]:
    request, facts = report.request, report.facts
    numbers = facts.numbers
    return {
        "report_id": report.id,
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "duration_ms": milliseconds(facts.duration),
        "query_count": facts.query_count,
        "query_time_ms": milliseconds(facts.query_time),
        "pool_checkouts": numbers.checkouts,
        "pool_wait_ms": milliseconds(numbers.wait),
        "pool_held_ms": milliseconds(numbers.held),
        "pool_checked_out": numbers.checked_out,
        "pool_size": numbers.size,
        "pool_overflow": numbers.overflow,
        "findings": count_kinds(report.loud_findings) or ({} if report.sampled else None),
        "sampled": report.sampled,
        "sentence": sentence(report),
        "peak_connections": facts.peak_connections,
        "exception_type": request.exception,  # structlog's renderers take `exception` for a traceback
        "cancelled": request.cancelled,
        **_trace(report),
    }


def change_fields(report: Report) -> dict[str, Any]:
    request = report.request
    change = change_document(report) or {}
    return {"report_id": report.id, "method": request.method, "route": request.route, **change, **_trace(report)}


def finding_fields(report: Report, finding: Finding, times: int) -> dict[str, Any]:
    document = finding_document(finding)
    of_finding = {key: document[key] for key in _OF_FINDING}
    return {"report_id": report.id, **of_finding, "route": report.request.route, "times": times, **_trace(report)}


def _trace(report: Report) -> dict[str, str | None]:
    """Return trace and span where somebody traces: elsewhere, a log has no use for such fields."""
    return {"trace_id": report.trace_id, "span_id": report.span_id} if report.trace_id is not None else {}


def leak_fields(holder: Holder, engine: Engine) -> dict[str, Any]:
    """Return the fields of a holder; `name` is the logger's in a record of the standard library."""
    fields = holder_document(holder)
    return {"engine": str(engine), "holder": fields.pop("name"), **fields}


def together(request: Event, events: Sequence[Event]) -> dict[str, Any]:
    """Return the fields of a request and, as `events`, those of its other events, none of them twice."""
    said = [*request.values.items()]
    further = [
        {"event": name, **{key: value for key, value in values.items() if (key, value) not in said}}
        for _, name, values in events
        if name != request.name
    ]
    return {**request.values, "events": further}
