"""What an operator reads: event names, keys, and how often."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from structlog.stdlib import AsyncBoundLogger
from structlog.testing import capture_logs

from query_guard.records import CallSite, Facts, Finding, Frame, Pool, Report, Request
from query_guard.reporters import log
from query_guard.reporters.log import LogReporter
from query_guard.reporters.recurrence import Recurrence
from query_guard.reporters.text import render
from tests.clock import Clock
from tests.reports import ENGINE, checkout, facts_of, report_with, statement

REQUEST_KEYS = (
    "report_id method route status duration_ms query_count query_time_ms pool_checkouts pool_wait_ms pool_held_ms "
    "pool_checked_out pool_size pool_overflow findings"
).split()
FINDING_KEYS = "report_id kind severity summary fix file line function count route".split()


@pytest.fixture
def configured() -> Iterator[None]:
    structlog.configure()
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("saving", [math.inf, math.nan])
def test_a_finding_with_an_infinite_saving_is_logged(saving: float) -> None:
    with capture_logs() as events:
        LogReporter()(report_with(Finding("own", "warning", "It never ends", "Mend it", saving=saving)))
    assert [event["event"] for event in events] == ["query_guard.request", "query_guard.finding"]


SLOW = Finding("slow_statement", "warning", "It was slow", "Mend it")
NAMES = ["query_guard.request", "query_guard.finding"]


@pytest.fixture
def asynchronous() -> Iterator[list[dict[str, Any]]]:
    """Configure structlog with the logger whose methods must be awaited; return what it logs."""
    events: list[dict[str, Any]] = []

    def keep(_logger: Any, level: str, event: Any) -> Any:
        events.append({**event, "log_level": level})
        raise structlog.DropEvent

    structlog.configure(wrapper_class=AsyncBoundLogger, processors=[keep])
    yield events
    structlog.reset_defaults()


@pytest.mark.asyncio
async def test_an_asynchronous_logger_is_awaited(asynchronous: list[dict[str, Any]]) -> None:
    LogReporter()(report_with(SLOW))
    await asyncio.gather(*log._emitting)
    assert [(event["event"], event["log_level"]) for event in asynchronous] == [
        ("query_guard.request", "info"),
        ("query_guard.finding", "warning"),
    ]
    await asyncio.sleep(0)
    assert log._emitting == set()


@pytest.mark.asyncio
async def test_an_asynchronous_logger_is_awaited_in_a_thread(asynchronous: list[dict[str, Any]]) -> None:
    await asyncio.to_thread(LogReporter(), report_with(SLOW))
    assert [event["event"] for event in asynchronous] == NAMES


def test_an_asynchronous_logger_is_awaited_where_no_loop_runs(asynchronous: list[dict[str, Any]]) -> None:
    own = asyncio.new_event_loop()
    asyncio.set_event_loop(own)
    try:
        LogReporter()(report_with(SLOW))
        assert asyncio.get_event_loop() is own
    finally:
        asyncio.set_event_loop(None)
        own.close()
    assert [event["event"] for event in asynchronous] == NAMES
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("asyncio_")] == []


@pytest.mark.asyncio
async def test_an_asynchronous_logger_that_fails_is_named_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(AsyncBoundLogger):
        async def info(self, event: str, *args: Any, **kw: Any) -> None:
            raise OSError("no disk")

    monkeypatch.setattr(log, "_said", set())
    structlog.configure(wrapper_class=Failing)
    try:
        for _ in range(2):
            LogReporter()(report_with())
            await asyncio.gather(*log._emitting, return_exceptions=True)
            await asyncio.sleep(0)
    finally:
        structlog.reset_defaults()
    assert [record.getMessage() for record in caplog.records] == [
        "query_guard: an asynchronous logger failed with OSError (said once)"
    ]


def check_json(events: list[Any]) -> None:
    texts = [json.dumps(event, allow_nan=False, ensure_ascii=False) for event in events]
    assert [text.encode("utf-8").decode() for text in texts] == texts
    assert [event["kind"] for event in events if "kind" in event] == ["caf\\udce9"]


HOSTILE = Finding("caf\udce9", "warning", "caf\udce9", "fix", relationship="caf\udce9", saving=math.inf)


@pytest.mark.usefixtures("configured")
def test_what_structlog_gets_can_be_written_as_json() -> None:
    with capture_logs() as events:
        LogReporter()(report_with(HOSTILE))
    check_json(events)


def test_what_the_standard_library_gets_can_be_written_as_json(caplog: pytest.LogCaptureFixture) -> None:
    structlog.reset_defaults()
    with caplog.at_level(logging.INFO, "query_guard"):
        LogReporter()(report_with(HOSTILE))
    check_json([vars(record)["query_guard"] for record in caplog.records])


@pytest.mark.usefixtures("configured")
def test_events_and_keys_are_the_contract() -> None:
    with capture_logs() as events:
        LogReporter()(report_with(Finding("slow_statement", "warning", "It was slow", "Mend it")))
    request, finding = events
    assert (request["event"], request["log_level"]) == ("query_guard.request", "info")
    assert list(request)[: len(REQUEST_KEYS)] == REQUEST_KEYS
    assert (finding["event"], finding["log_level"]) == ("query_guard.finding", "warning")
    assert [key for key in finding if key in FINDING_KEYS] == FINDING_KEYS


@pytest.mark.usefixtures("configured")
def test_information_is_not_logged_as_a_finding() -> None:
    with capture_logs() as events:
        LogReporter()(report_with(Finding("quiet", "info", "By the way", "Nothing")))
    assert [event["event"] for event in events] == ["query_guard.request"]
    assert events[0]["findings"] == {}


@pytest.mark.usefixtures("configured")
def test_a_finding_is_logged_once_and_then_at_each_power_of_ten() -> None:
    reporter = LogReporter()
    report = report_with(Finding("slow_statement", "warning", "It was slow", "Mend it"))
    logged = []
    for number in range(1, 101):
        with capture_logs() as events:
            reporter(report)
        if len(events) > 1:
            logged.append(number)
    assert logged == [1, 10, 100]


def findings_of(reporter: LogReporter, *reports: Report) -> list[tuple[str, int]]:
    """Return level and number of what is logged of the findings of reports."""
    with capture_logs() as events:
        for report in reports:
            reporter(report)
    return [(event["log_level"], event["times"]) for event in events if event["event"] == "query_guard.finding"]


@pytest.mark.usefixtures("configured")
def test_what_goes_on_is_logged_at_least_every_ten_minutes(clock: Clock) -> None:
    reporter = LogReporter()
    report = report_with(Finding("slow_statement", "warning", "It was slow", "Mend it"))
    assert findings_of(reporter, report, report, report) == [("warning", 1)]
    clock.move(599)
    assert findings_of(reporter, report) == []
    clock.move(1)
    assert findings_of(reporter, report, report) == [("warning", 5)]


@pytest.mark.usefixtures("configured")
def test_an_error_is_logged_as_an_error() -> None:
    assert findings_of(LogReporter(), report_with(Finding("own", "error", "It failed", "Mend it"))) == [("error", 1)]


@pytest.mark.usefixtures("configured")
def test_two_statements_at_one_line_are_two_findings() -> None:
    facts = facts_of(statement(1, fingerprint="update"), statement(2, fingerprint="insert"))
    found = [Finding("n_plus_one", "warning", "A loop", "Mend it", statements=(serial,)) for serial in (1, 2)]
    assert findings_of(LogReporter(), report_with(*found, facts=facts)) == [("warning", 1), ("warning", 1)]


@pytest.mark.usefixtures("configured")
def test_findings_of_one_report_are_several_though_they_look_alike() -> None:
    timeouts = [Finding("pool_timeout", "error", f"No connection of pool {number}", "Mend it") for number in (1, 2)]
    reporter = LogReporter()
    told = [findings_of(reporter, report_with(*timeouts, facts=facts_of())) for _ in range(2)]
    assert told == [[("error", 1), ("error", 1)], []]


def test_what_happened_last_is_remembered_when_there_are_very_many() -> None:
    recurrence = Recurrence()
    for key in range(10_001):
        recurrence.due("often")
        recurrence.due(key)
    assert recurrence.due(0) == 1  # forgotten
    assert recurrence.due(10_000) is None
    assert [recurrence.due("often") for _ in range(89_999)][-1] == 100_000


@pytest.mark.usefixtures("configured")
def test_another_site_is_another_finding() -> None:
    reporter = LogReporter()
    sites = [CallSite(key, (Frame("crud.py", key, "load", 1),), "", False) for key in (31, 57)]
    with capture_logs() as events:
        for site in sites:
            reporter(report_with(Finding("slow_statement", "warning", "It was slow", "Mend it", site=site)))
    assert [event["line"] for event in events if event["event"] == "query_guard.finding"] == [31, 57]


@pytest.mark.usefixtures("configured")
def test_the_release_is_said() -> None:
    with capture_logs() as events:
        LogReporter("2026.11")(report_with())
    assert events[0]["release"] == "2026.11"


@pytest.mark.usefixtures("configured")
def test_pool_numbers_are_those_of_the_busiest_pool() -> None:
    facts = Facts(
        Request("http", "GET", "/", "/", 200),
        duration=0.1,
        statements=(),
        checkouts=(checkout(pool=1, wait=0.02, hold=0.05), checkout(pool=1, wait=0.01, hold=0.05)),
        pools=(Pool(1, ENGINE, "QueuePool", 5, 1, 0),),
    )
    with capture_logs() as events:
        LogReporter()(Report("id", 0.0, facts))
    pool = {key: value for key, value in events[0].items() if key.startswith("pool_")}
    assert pool == {
        "pool_checkouts": 2,
        "pool_wait_ms": 30.0,
        "pool_held_ms": 100.0,
        "pool_checked_out": 1,
        "pool_size": 5,
        "pool_overflow": 0,
    }


def test_an_unconfigured_structlog_prints_nothing(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    structlog.reset_defaults()
    with caplog.at_level(logging.INFO, "query_guard"):
        LogReporter()(report_with(Finding("slow_statement", "warning", "It was slow", "Mend it")))
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("query_guard", "INFO"),
        ("query_guard", "WARNING"),
    ]
    assert [record.message for record in caplog.records] == [
        "query_guard.request GET /users: 0 queries in 0.0 ms; It was slow (status 200, 50.0 ms)",
        "query_guard.finding /users: slow_statement: It was slow; fix: Mend it",
    ]
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


LONG = Finding(
    "n_plus_one", "warning", "Author.books was loaded 3 times: SELECT " + "column, " * 200,
    "Add .options(selectinload(Author.books)) to the select at app.py:15",
    site=CallSite(31, (Frame("app.py", 16, "list_authors", 1),), "", False),
)  # fmt: skip


def logged_text(reporter: LogReporter, report: Report, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    structlog.reset_defaults()
    with caplog.at_level(logging.WARNING, "query_guard"):
        reporter(report)
    return [(record.levelname, record.message) for record in caplog.records]


def test_a_line_says_place_cause_and_fix_in_300_characters(caplog: pytest.LogCaptureFixture) -> None:
    ((_, line),) = logged_text(LogReporter(), report_with(LONG), caplog)
    assert line.startswith(
        "query_guard.finding app.py:16: n_plus_one: Author.books was loaded 3 times: SELECT column, "
    )
    assert line.endswith(
        "\N{HORIZONTAL ELLIPSIS}; fix: Add .options(selectinload(Author.books)) to the select at app.py:15"
    )
    assert len(line) == 300


def test_a_long_fix_leaves_room_for_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    long = replace(LONG, fix="Do this, " * 100, site=LONG.site._replace(frames=(Frame("a/" * 200, 1, "f", 1),)))
    ((_, line),) = logged_text(LogReporter(), report_with(long), caplog)
    assert len(line) == 300
    assert "a/:1: n_plus_one: Author.books" in line


def test_while_debug_is_on_the_readable_report_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    report = report_with(LONG, Finding("own", "error", "It failed", "Mend it"))
    reporter = LogReporter(readable=True)
    assert logged_text(reporter, report, caplog) == [("ERROR", f"query_guard.report {render(report)}")]
    caplog.clear()
    assert logged_text(reporter, report, caplog) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "variable", "is_coloured"),
    [
        (Terminal, "", True),
        (Terminal, "1", False),
        (io.StringIO, "", False),
    ],
)
def test_it_has_colours_on_a_terminal(
    stream: type[io.StringIO], variable: str, is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    structlog.reset_defaults()
    monkeypatch.setenv("NO_COLOR", variable)
    monkeypatch.delenv("TERM", raising=False)
    logger, output = logging.getLogger("query_guard"), stream()
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(output)])
    monkeypatch.setattr(logger, "propagate", False)
    LogReporter(readable=True)(report_with(LONG))
    text = output.getvalue()
    assert ("\x1b[33m  warning n_plus_one:\x1b[0m Author.books" in text) == is_coloured
    assert ("\x1b" in text) == is_coloured
