"""What the log says of connections that look forgotten, and how each event is written as a line."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from query_guard.records import Holder
from query_guard.reporters.lines import coloured, goes_to_terminal, line_of
from query_guard.reporters.log import LogReporter
from query_guard.reporters.recurrence import Recurrence
from tests.clock import Clock
from tests.reports import ENGINE, SITE

HELD = Holder(4, "GET /users", SITE, 20.0, 10.0, "idle", True)


@pytest.fixture
def unconfigured() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def logged(caplog: pytest.LogCaptureFixture, *holders: Holder) -> list[tuple[str, str, Any]]:
    reporter = LogReporter(release="7")
    with caplog.at_level(logging.INFO, "query_guard"):
        for holder in holders:
            reporter.suspect(holder, ENGINE)
    found = [(record.levelname, record.getMessage(), vars(record)["query_guard"]) for record in caplog.records]
    return [(level, message.partition(" ")[0], values) for level, message, values in found]


@pytest.mark.usefixtures("unconfigured")
def test_a_suspicion_is_a_warning_and_its_end_is_information(caplog: pytest.LogCaptureFixture) -> None:
    ended = HELD._replace(suspected=False, doing="then returned")
    found = logged(caplog, HELD, ended, HELD)
    assert [(level, name) for level, name, _ in found] == [
        ("WARNING", "query_guard.leak_suspected"),
        ("INFO", "query_guard.leak_suspicion_withdrawn"),
        ("WARNING", "query_guard.leak_suspected"),
    ]
    values = found[0][2]
    assert [*values] == [
        "engine", "holder", "checkout", "held_ms", "idle_ms", "doing", "suspected", "file", "line", "function", "pid",
        "release",
    ]  # fmt: skip
    assert (values["engine"], values["holder"], values["held_ms"], values["line"], values["release"]) == (
        str(ENGINE), "GET /users", 20_000.0, 31, "7",
    )  # fmt: skip


@pytest.mark.usefixtures("unconfigured")
def test_a_connection_that_nobody_returned_is_an_error_the_first_time_and_the_tenth(
    caplog: pytest.LogCaptureFixture,
) -> None:
    collected = HELD._replace(doing="then collected")
    found = logged(caplog, *[collected] * 11, collected._replace(name="GET /posts"))
    assert {(level, name) for level, name, _ in found} == {("ERROR", "query_guard.connection_collected")}
    assert [(values["holder"], values["times"]) for _, _, values in found] == [
        ("GET /users", 1),
        ("GET /users", 10),
        ("GET /posts", 1),
    ]


def test_what_went_on_is_due_again_ten_minutes_after_it_was_due(clock: Clock) -> None:
    recurrence = Recurrence()
    assert [recurrence.due("a") for _ in range(12)] == [1, *[None] * 8, 10, None, None]
    clock.move(300)
    assert recurrence.due("a") is None
    clock.move(300)
    assert [recurrence.due("a"), recurrence.due("a"), recurrence.due("b")] == [14, None, 1]


FINDING = {"file": "crud.py", "line": 31, "route": "/users", "kind": "own", "summary": "It ran", "fix": "Mend it"}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"times": 1}, "crud.py:31: own"),
        ({"times": 2}, "crud.py:31: own (2 times so far)"),
        ({"times": 10}, "crud.py:31: own (10 times so far)"),
        ({"times": 1, "file": None}, "/users: own"),
        ({"times": 1, "file": None, "route": None}, "outside requests: own"),
    ],
)
def test_a_finding_as_a_line(fields: dict[str, Any], place: str) -> None:
    assert line_of("query_guard.finding", {**FINDING, **fields}) == f"query_guard.finding {place}: It ran; fix: Mend it"


def test_other_events_as_lines() -> None:
    request = {"sentence": "GET /users: 2 queries", "status": 200, "duration_ms": 5.5}
    assert line_of("request", request) == "request GET /users: 2 queries (status 200, 5.5 ms)"
    assert line_of("change", {"sentence": "1 -> 2", "since": "14:02"}) == "change 1 -> 2"
    assert line_of("leak", {"engine": "sqlite", "held_ms": 2.0}) == "leak engine='sqlite' held_ms=2.0"
    assert [len(line_of("leak", {"engine": "x" * length})) for length in (285, 286, 900)] == [299, 300, 300]


def test_a_long_fix_is_cut_to_leave_the_cause() -> None:
    line = line_of("query_guard.finding", {**FINDING, "times": 1, "fix": "f" * 200, "summary": "s" * 300})
    assert len(line) == 300
    assert line.endswith(f"; fix: {'f' * 149}\N{HORIZONTAL ELLIPSIS}")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("own", "of_parent", "propagates", "term", "has_colours"),
    [
        ([Terminal], [], False, "xterm", True),
        ([Terminal], [], False, "dumb", False),
        ([Terminal, io.StringIO], [], False, "xterm", False),
        ([Terminal], [io.StringIO], True, "xterm", False),
        ([Terminal], [io.StringIO], False, "xterm", True),
        ([], [Terminal], True, "xterm", True),
        ([], [], True, "xterm", True),
    ],
)
def test_colours_need_a_terminal_behind_each_handler(
    own: list[type[io.StringIO]], of_parent: list[type[io.StringIO]], propagates: bool, term: str, has_colours: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stderr", Terminal())
    parent, logger = logging.Logger("parent"), logging.Logger("own")
    parent.handlers = [logging.StreamHandler(stream()) for stream in of_parent]
    logger.handlers = [logging.StreamHandler(stream()) for stream in own]
    logger.parent, logger.propagate = parent, propagates
    assert goes_to_terminal(logger) == has_colours


def test_a_handler_without_a_stream_shows_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    logger = logging.Logger("own")
    logger.handlers = [logging.NullHandler()]
    assert not goes_to_terminal(logger)


def test_what_is_coloured() -> None:
    text = "GET /\n  status 200\n\n  warning a: b\n    fix: c\n  error d: e\n"
    assert coloured(text) == (
        "\x1b[1mGET /\x1b[0m\n  status 200\n\n\x1b[33m  warning a:\x1b[0m b\n\x1b[32m    fix:\x1b[0m c\n"
        "\x1b[31m  error d:\x1b[0m e\n"
    )
