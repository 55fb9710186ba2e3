"""Reports as structlog events, or as records of the standard library; the only place that imports structlog."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any

import structlog

from query_guard.records import Change, Engine, Finding, Holder, Report
from query_guard.reporters.events import (
    Event,
    change_fields,
    event_of,
    finding_fields,
    leak_fields,
    request_fields,
    together,
)
from query_guard.reporters.lines import LogLine, coloured, goes_to_terminal, line_of
from query_guard.reporters.recurrence import Recurrence
from query_guard.reporters.text import render

_LOGGER = logging.getLogger("query_guard")
_emitting: set[asyncio.Task[None]] = set()
"""Tasks that log; a loop itself keeps only weak references to them."""
_said: set[str] = set()
"""What was said once: types of exceptions, and that the logger is disabled."""


class LogReporter:
    """Log `query_guard.request` (info) for each report, and `query_guard.finding` for each warning and error.

    A finding is logged at the level of its severity: once per route and cause, then at each power of ten, and at least
    every ten minutes while it goes on, with how many there were. What an edit has changed about a route is logged once,
    as `query_guard.change`.

    Where the application has configured structlog, these are structlog events, and go through its own processors in
    the context of the request. Else they are records of the standard library's logger `query_guard`, so that nothing
    is printed unasked: in one line, or, where `readable` is set, as `QueryGuard(debug=True)` does, as the readable
    report. `release` is added to each event.
    """

    def __init__(self, release: str | None = None, *, readable: bool = False) -> None:
        self._of_all = {"release": release} if release else {}
        self._readable = readable
        self._recurrence = Recurrence()

    def __call__(self, report: Report) -> None:
        _say_if_disabled()
        events = [*self._events(report)]
        if not events:
            return
        has_findings = any(event.name == "query_guard.finding" for event in events)
        if self._readable and has_findings and not structlog.is_configured():
            _emit_readable(report, self._request(report), events)
        else:
            _emit(events)

    def _events(self, report: Report) -> Iterator[Event]:
        wants_information = self.wants_quiet_reports()
        if wants_information:
            yield self._request(report)
        if report.change is not None and self._is_first(report.request.name, report.change):
            level = "info" if wants_information else "warning"  # servers of developers often show nothing below
            yield event_of(level, "query_guard.change", change_fields(report), self._of_all)
        causes: Counter[tuple[object, ...]] = Counter()
        for finding in report.loud_findings:
            cause = _cause(report, finding)
            causes[cause] += 1
            times = self._recurrence.due((*cause, causes[cause]))
            if times is not None:
                fields = finding_fields(report, finding, times)
                yield event_of(finding.severity, "query_guard.finding", fields, self._of_all)

    def _request(self, report: Report) -> Event:
        return event_of("info", "query_guard.request", request_fields(report), self._of_all)

    def _is_first(self, route: str, change: Change) -> bool:
        """Whether a route has changed, and this was not logged yet."""
        return change.is_any and self._recurrence.due((route, change.since, change.gone, change.new)) == 1

    def wants_quiet_reports(self) -> bool:
        return structlog.is_configured() or _LOGGER.isEnabledFor(logging.INFO)

    def suspect(self, holder: Holder, engine: Engine) -> None:
        """Log that a connection is held and idle for so long that it looks forgotten, or that this was wrong.

        That nobody returned it, and the garbage collector had to, is an error: logged as often as a finding is.
        """
        _say_if_disabled()
        if holder.doing == "then collected":
            times = self._recurrence.due(("collected", holder.name, holder.site.key))
            fields = {**leak_fields(holder, engine), "times": times}
            if times is not None:
                _emit([event_of("error", "query_guard.connection_collected", fields, self._of_all)])
            return
        name = "query_guard.leak_suspected" if holder.suspected else "query_guard.leak_suspicion_withdrawn"
        level = "warning" if holder.suspected else "info"
        _emit([event_of(level, name, leak_fields(holder, engine), self._of_all)])


def _cause(report: Report, finding: Finding) -> tuple[object, ...]:
    """Return what equal findings of several reports have in common: two statements at one line are two causes.

    Findings of one report are several, such as two pools that had no connection for one line.
    """
    first = report.facts.load_paths.at(finding.statements[0]) if finding.statements else None
    shape = first.fingerprint if first is not None else None
    return report.request.name, finding.kind, finding.severity, finding.site.key, finding.relationship, shape


def _say_if_disabled() -> None:
    """Say once, with the root logger, that the logger is disabled; whoever has disabled it on purpose reads it once."""
    if _LOGGER.disabled and "disabled" not in _said and _logs_with_standard_library():
        _said.add("disabled")
        logging.getLogger().warning(
            "query_guard: the logger 'query_guard' is disabled, so that findings are not logged. If logging.config has "
            "done it, set disable_existing_loggers to False there, or name 'query_guard' among its loggers (said once)"
        )


def _logs_with_standard_library() -> bool:
    if not structlog.is_configured():
        return True
    return isinstance(structlog.get_config()["logger_factory"], structlog.stdlib.LoggerFactory)


def _emit_readable(report: Report, request: Event, events: Sequence[Event]) -> None:
    """Log a report as people read it, in one record, at the level of its worst finding."""
    levels = [event.level for event in events]
    text = render(report)
    text = coloured(text) if goes_to_terminal(_LOGGER) else text
    level = "error" if "error" in levels else "warning"
    _log(Event(level, "query_guard.report", together(request, events)), f"query_guard.report {text}")


def _emit(events: Sequence[Event]) -> None:
    if not structlog.is_configured():
        for event in events:
            _log(event, line_of(event.name, event.values))
    elif _is_async(structlog.get_config()["wrapper_class"]):
        _emit_async(events)
    else:
        for event in events:
            getattr(structlog.get_logger("query_guard"), event.level)(event.name, **event.values)


def _log(event: Event, text: str) -> None:
    getattr(_LOGGER, event.level)(LogLine(event.name, event.values, text), extra={"query_guard": event.values})


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
    if error is not None and type(error).__name__ not in _said:
        _said.add(type(error).__name__)
        _LOGGER.warning("query_guard: an asynchronous logger failed with %s (said once)", type(error).__name__)


def _run_to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread without a loop; which loop the application has set there stays as it is."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
