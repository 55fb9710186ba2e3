"""Reports as structured log events; the only place that imports structlog."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import structlog

from query_guard.document import finding_document, holder_document, milliseconds, sentence
from query_guard.records import Engine, Finding, Holder, Report, count_kinds

_LOGGER = logging.getLogger("query_guard")
_MAX_REMEMBERED = 10_000


class LogReporter:
    """Log `query_guard.request` (info) for each report and `query_guard.finding` (warning) for each loud finding.

    A finding is logged once per route, kind and site, then at each power of ten. Where the application has not
    configured structlog, the standard library's logger `query_guard` is used, so that nothing is printed unasked.
    """

    def __init__(self, release: str | None = None) -> None:
        self._release = {"release": release} if release else {}
        self._seen: Counter[tuple[str, str, int, str | None]] = Counter()

    def __call__(self, report: Report) -> None:
        configured = structlog.is_configured()
        emit = _emit_structlog if configured else _emit_logging
        if configured or _LOGGER.isEnabledFor(logging.INFO):
            emit("info", "query_guard.request", {**_request_event(report), **self._release})
        for finding in report.loud_findings:
            if self._is_due(report, finding):
                emit("warning", "query_guard.finding", {**_finding_event(report, finding), **self._release})

    def hears_of_quiet_reports(self) -> bool:
        return structlog.is_configured() or _LOGGER.isEnabledFor(logging.INFO)

    def suspect(self, holder: Holder, engine: Engine) -> None:
        """Log that a connection is held and idle for so long that it looks forgotten, or that this was wrong."""
        emit = _emit_structlog if structlog.is_configured() else _emit_logging
        name = "query_guard.leak_suspected" if holder.suspected else "query_guard.leak_suspicion_withdrawn"
        level = "warning" if holder.suspected else "info"
        emit(level, name, {"engine": str(engine), **holder_document(holder), **self._release})

    def _is_due(self, report: Report, finding: Finding) -> bool:
        if len(self._seen) >= _MAX_REMEMBERED:
            self._seen.clear()
        key = (report.request.name, finding.kind, finding.site.key, finding.relationship)
        self._seen[key] += 1
        return str(self._seen[key]).strip("0") == "1"


def _request_event(report: Report) -> dict[str, Any]:
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
        "findings": count_kinds(report.loud_findings),
        "sentence": sentence(report),
        "peak_connections": facts.peak_connections,
        "exception": request.exception,
        "cancelled": request.cancelled,
    }


def _finding_event(report: Report, finding: Finding) -> dict[str, Any]:
    told = finding_document(finding)
    wanted = ("kind", "severity", "summary", "fix", "file", "line", "function", "count")
    return {"report_id": report.id, **{key: told[key] for key in wanted}, "route": report.request.route}


def _emit_structlog(level: str, name: str, event: dict[str, Any]) -> None:
    getattr(structlog.get_logger("query_guard"), level)(name, **event)


def _emit_logging(level: str, name: str, event: dict[str, Any]) -> None:
    pairs = " ".join([f"{key}={value!r}" for key, value in event.items()])
    getattr(_LOGGER, level)("%s %s", name, pairs, extra={"query_guard": event})
