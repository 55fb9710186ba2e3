"""Reports as structured log events; the only place that imports structlog."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

import structlog

from query_guard.document.connections import holder_document
from query_guard.document.fields import milliseconds
from query_guard.document.findings import finding_document
from query_guard.document.sentence import sentence
from query_guard.document.strict_json import json_safe
from query_guard.records import Engine, Finding, Holder, Report, count_kinds
from query_guard.reporters.lines import coloured, goes_to_terminal, line_of
from query_guard.reporters.recurrence import Recurrence
from query_guard.reporters.text import printable, render

_LOGGER = logging.getLogger("query_guard")
_AS_IT_IS = frozenset((bool, int, type(None)))
"""Types of values that each log can carry: most fields of a request are of them."""
_emitting: set[asyncio.Task[None]] = set()
"""Tasks that log; a loop itself keeps only weak references to them."""
_failures: set[str] = set()


class Event(NamedTuple):
    level: str
    name: str
    values: dict[str, Any]


class LogReporter:
    """Log `query_guard.request` (info) for each report, and `query_guard.finding` for each warning and error.

    A finding is logged at the level of its severity: once per route and cause, then at each power of ten, and at least
    every ten minutes while it goes on, with how many there were. Where the application has not configured structlog,
    the standard library's logger `query_guard` is used, so that nothing is printed unasked: in one line, or, where
    `readable` is set, as `QueryGuard(debug=True)` does, as the readable report.
    """

    def __init__(self, release: str | None = None, *, readable: bool = False) -> None:
        self._release = {"release": release} if release else {}
        self._readable = readable
        self._recurrence = Recurrence()

    def __call__(self, report: Report) -> None:
        events = [*self._events(report)]
        if not events:
            return
        has_findings = any(event.name == "query_guard.finding" for event in events)
        if self._readable and has_findings and not structlog.is_configured():
            _emit_readable(report, events)
        else:
            _emit(events)

    def _events(self, report: Report) -> Iterator[Event]:
        if self.wants_quiet_reports():
            yield self._event("info", "query_guard.request", _request_event(report))
        for finding in report.loud_findings:
            times = self._recurrence.due(_cause(report, finding))
            if times is not None:
                yield self._event(finding.severity, "query_guard.finding", _finding_event(report, finding, times))

    def _event(self, level: str, name: str, values: dict[str, Any]) -> Event:
        given = {**values, **self._release}
        shown = {key: value if type(value) in _AS_IT_IS else _shown(value) for key, value in given.items()}
        return Event(level, name, shown)

    def wants_quiet_reports(self) -> bool:
        return structlog.is_configured() or _LOGGER.isEnabledFor(logging.INFO)

    def suspect(self, holder: Holder, engine: Engine) -> None:
        """Log that a connection is held and idle for so long that it looks forgotten, or that this was wrong."""
        name = "query_guard.leak_suspected" if holder.suspected else "query_guard.leak_suspicion_withdrawn"
        level = "warning" if holder.suspected else "info"
        _emit([self._event(level, name, {"engine": str(engine), **holder_document(holder)})])


def _cause(report: Report, finding: Finding) -> tuple[object, ...]:
    """Return what equal findings have in common: two statements at one line are two causes."""
    first = report.facts.load_paths.at(finding.statements[0]) if finding.statements else None
    shape = first.fingerprint if first is not None else None
    return report.request.name, finding.kind, finding.severity, finding.site.key, finding.relationship, shape


def _shown(value: Any) -> Any:
    """Return a value as JSON, and a line of a log, can carry it."""
    safe = value if type(value) is str and value.isascii() else json_safe(value)
    return printable(safe) if isinstance(safe, str) else safe


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
        **_trace(report),
    }


def _finding_event(report: Report, finding: Finding, times: int) -> dict[str, Any]:
    document = finding_document(finding)
    wanted = ("kind", "severity", "summary", "fix", "file", "line", "function", "count")
    of_finding = {key: document[key] for key in wanted}
    return {"report_id": report.id, **of_finding, "route": report.request.route, "times": times, **_trace(report)}


def _trace(report: Report) -> dict[str, Any]:
    return {"trace_id": report.trace_id, "span_id": report.span_id} if report.trace_id is not None else {}


def _emit_readable(report: Report, events: Sequence[Event]) -> None:
    """Log a report as people read it, in one record, at the level of its worst finding."""
    levels = [event.level for event in events]
    level = "error" if "error" in levels else "warning"
    text = render(report)
    shown = coloured(text) if goes_to_terminal(_LOGGER) else text
    fields = [event.values for event in events]
    getattr(_LOGGER, level)(
        "query_guard.report %s", shown, extra={"query_guard": {"report_id": report.id, "events": fields}}
    )


def _emit(events: Sequence[Event]) -> None:
    if not structlog.is_configured():
        for event in events:
            line = line_of(event.name, event.values)
            getattr(_LOGGER, event.level)("%s", line, extra={"query_guard": event.values})
    elif _is_async(structlog.get_config()["wrapper_class"]):
        _emit_async(events)
    else:
        for event in events:
            getattr(structlog.get_logger("query_guard"), event.level)(event.name, **event.values)


@lru_cache(maxsize=16)
def _is_async(wrapper: Any) -> bool:
    """Whether the methods of the application's loggers must be awaited, as those of structlog's `AsyncBoundLogger`."""
    return iscoroutinefunction(getattr(wrapper, "info", None))


def _emit_async(events: Sequence[Event]) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        _run_to_its_end(_awaited(events))
        return
    task = loop.create_task(_awaited(events))
    _emitting.add(task)
    task.add_done_callback(_ended)


async def _awaited(events: Sequence[Event]) -> None:
    """Log one event after the other; an asynchronous logger can be made only where a loop runs."""
    for event in events:
        await getattr(structlog.get_logger("query_guard"), event.level)(event.name, **event.values)


def _ended(task: asyncio.Task[None]) -> None:
    """Say once for each type of exception that a logger fails, as nobody awaits the task."""
    _emitting.discard(task)
    error = None if task.cancelled() else task.exception()
    if error is not None and type(error).__name__ not in _failures:
        _failures.add(type(error).__name__)
        _LOGGER.warning("query_guard: an asynchronous logger failed with %s (said once)", type(error).__name__)


def _run_to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread without a loop; which loop the application has set there stays as it is."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
