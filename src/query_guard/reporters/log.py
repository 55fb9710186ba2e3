"""Reports as structured log events; the only place that imports structlog."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
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
from query_guard.reporters.text import printable

_LOGGER = logging.getLogger("query_guard")
_MAX_REMEMBERED = 10_000
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
    """Log `query_guard.request` (info) for each report and `query_guard.finding` (warning) for each loud finding.

    A finding is logged once per route, kind and site, then at each power of ten. Where the application has not
    configured structlog, the standard library's logger `query_guard` is used, so that nothing is printed unasked.
    """

    def __init__(self, release: str | None = None) -> None:
        self._release = {"release": release} if release else {}
        self._seen: Counter[tuple[str, str, int, str | None]] = Counter()

    def __call__(self, report: Report) -> None:
        events = [*self._events(report)]
        if events:
            _emit(events)

    def _events(self, report: Report) -> Iterator[Event]:
        if self.wants_quiet_reports():
            yield self._event("info", "query_guard.request", _request_event(report))
        for finding in report.loud_findings:
            if self._is_due(report, finding):
                yield self._event("warning", "query_guard.finding", _finding_event(report, finding))

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

    def _is_due(self, report: Report, finding: Finding) -> bool:
        if len(self._seen) >= _MAX_REMEMBERED:
            self._seen.clear()
        key = (report.request.name, finding.kind, finding.site.key, finding.relationship)
        self._seen[key] += 1
        return str(self._seen[key]).strip("0") == "1"


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
    }


def _finding_event(report: Report, finding: Finding) -> dict[str, Any]:
    told = finding_document(finding)
    wanted = ("kind", "severity", "summary", "fix", "file", "line", "function", "count")
    return {"report_id": report.id, **{key: told[key] for key in wanted}, "route": report.request.route}


def _emit(events: Sequence[Event]) -> None:
    if not structlog.is_configured():
        for event in events:
            pairs = " ".join([f"{key}={value!r}" for key, value in event.values.items()])
            getattr(_LOGGER, event.level)("%s %s", event.name, pairs, extra={"query_guard": event.values})
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
