"""What an edit has changed, as one sentence, in text, as data, and in the log."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from query_guard.document.change import change_sentence
from query_guard.document.report import document
from query_guard.records import Change, LastingName, Report
from query_guard.reporters.log import LogReporter
from query_guard.reporters.text import render
from tests.reports import report_with

POSTS = LastingName("n_plus_one", "User.posts", "load_posts")
SLOW = LastingName("slow_statement", None, "load_users")
NOWHERE = LastingName("pool_wait", None, None)
MENDED = Change(0.0, 101, 2, (POSTS,))


def changed(change: Change | None) -> Report:
    return replace(report_with(), change=change)


def said(change: Change) -> str:
    return change_sentence("GET /users", change).replace(f"{datetime.fromtimestamp(0):%Y-%m-%d %H:%M}", "14:02")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (MENDED, "101 -> 2 statements since 14:02; User.posts gone"),
        (Change(0.0, 2, 101, new=(POSTS,)), "2 -> 101 statements since 14:02; User.posts new"),
        (
            Change(0.0, 5, 5, (SLOW,), (NOWHERE,)),
            "5 -> 5 statements since 14:02; slow_statement in load_users gone; pool_wait new",
        ),
        (Change(0.0, 5, 5, gone=(POSTS,)), "5 -> 5 statements since 14:02; User.posts gone"),
        (Change(0.0, 5, 5, new=(POSTS,)), "5 -> 5 statements since 14:02; User.posts new"),
        (Change(0.0, 5, 4), "5 -> 4 statements since 14:02"),
        (Change(0.0, 5, 5), "5 statements as at 14:02; no finding gone, none new"),
        (Change(0.0, 9, 5, (POSTS, POSTS)), "9 -> 5 statements since 14:02; User.posts gone"),
        (
            Change(0.0, 9, 5, tuple(LastingName("n_plus_one", f"User.{name}", None) for name in "abcde")),
            "9 -> 5 statements since 14:02; User.a, User.b, User.c and 2 more gone",
        ),
    ],
)  # fmt: skip
def test_the_sentence(change: Change, expected: str) -> None:
    assert said(change) == f"GET /users: {expected}"


def test_a_report_of_today_is_named_by_its_time_alone() -> None:
    now = datetime.now()
    sentence = change_sentence("GET /", Change(now.timestamp(), 2, 1))
    day = "" if datetime.now().date() == now.date() else f"{now:%Y-%m-%d} "  # midnight may have passed since
    assert sentence in (
        f"GET /: 2 -> 1 statements since {now:%H:%M}",
        f"GET /: 2 -> 1 statements since {day}{now:%H:%M}",
    )


def test_text_and_data() -> None:
    sentence = change_sentence("GET /users", MENDED)
    assert render(changed(MENDED)).splitlines()[2] == f"  change: {sentence}"
    assert document(changed(MENDED))["change"] == {
        "since": "1970-01-01T00:00:00.000+00:00",
        "before": 101,
        "after": 2,
        "gone": [{"kind": "n_plus_one", "relationship": "User.posts", "function": "load_posts"}],
        "new": [],
        "sentence": sentence,
    }
    assert document(changed(None))["change"] is None
    assert "change:" not in render(changed(None))


def logged(caplog: pytest.LogCaptureFixture, *changes: Change | None, **options: Any) -> list[tuple[int, str]]:
    reporter = LogReporter(**options)
    for change in changes:
        reporter(changed(change))
    records = [(record.levelno, record.getMessage()) for record in caplog.records]
    return [(level, message) for level, message in records if message.startswith("query_guard.change")]


@pytest.mark.parametrize("options", [{}, {"readable": True}])
def test_the_log_says_once_what_has_changed(options: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    more = MENDED._replace(gone=(POSTS, SLOW))
    lines = [f"query_guard.change {change_sentence('GET /users', change)}" for change in (MENDED, more)]
    assert logged(caplog, MENDED, MENDED._replace(after=3), None, Change(0.0, 5, 5), more, **options) == [
        (logging.WARNING, line) for line in lines
    ]


def test_it_is_information_where_information_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "query_guard"):
        ((level, _),) = logged(caplog, MENDED)
    assert level == logging.INFO
