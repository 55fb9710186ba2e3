"""The trace that a report belongs to. Whoever traces has imported OpenTelemetry; nothing is imported here."""

from __future__ import annotations

import sys
from typing import NamedTuple

from query_guard.own_errors import report_own_error


class Trace(NamedTuple):
    """Trace and span as hexadecimal text, or None where nobody traces."""

    trace_id: str | None = None
    span_id: str | None = None


_NO_TRACE = Trace()


def current_trace() -> Trace:
    """Return the trace and the span that are current in this context; a span that has ended may still be."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return _NO_TRACE
    try:
        context = api.get_current_span().get_span_context()
        return Trace(f"{context.trace_id:032x}", f"{context.span_id:016x}") if context.is_valid else _NO_TRACE
    except Exception:
        report_own_error("the current trace could not be read")
        return _NO_TRACE
