"""What may be allowed, where, and what is said of an allowance that nothing needs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import Finding, QueryGuard, allow, record
from query_guard.allowances import allowance_for, parse_allowances
from query_guard.records import CallSite, Frame
from query_guard.testing import assert_no_findings

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
SITE = CallSite(
    1, (Frame("app/crud.py", 31, "load", 28), Frame("app/routers/users.py", 12, "list_users", 9)), "", False
)
FINDING = Finding("n_plus_one", "warning", "summary", "fix", site=SITE, relationship="Post.author")


def loop() -> None:
    with engine.connect() as connection:
        for number in range(3):
            connection.execute(text("SELECT :n"), {"n": number})


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("Post.author", True),
        ("Post.tags", False),
        ("n_plus_one", True),
        ("slow_statement", False),
        ("n_plus_one:crud.py", True),
        ("n_plus_one:app/crud.py:load", True),
        ("n_plus_one:users.py:list_users", True),
        ("n_plus_one:crud.py:list_users", False),
        ("n_plus_one:ud.py", False),
    ],
)
def test_patterns(pattern: str, matches: bool) -> None:
    assert (allowance_for(FINDING, parse_allowances("test", [pattern])) is not None) is matches


@pytest.mark.parametrize("wrong", ["", "Post.author.name", "n_plus_one:crud", 5, "a b"])
def test_a_wrong_pattern_is_refused(wrong: Any) -> None:
    with (
        pytest.raises(ValueError, match=r"allow: an allowance must be a relationship \('Post.author'\), a kind"),
        allow(wrong),
    ):
        pass
    with pytest.raises(ValueError, match="QueryGuard: an allowance must be"):
        QueryGuard(lambda *_: None, allow=[wrong])  # type: ignore[arg-type]


def test_a_text_is_no_sequence_of_patterns() -> None:
    with pytest.raises(ValueError, match="QueryGuard: allow must be a sequence of texts, such as"):
        QueryGuard(lambda *_: None, allow="Post.author")  # type: ignore[arg-type]


def test_a_block_allows_what_is_sent_in_it() -> None:
    with assert_no_findings() as recording, allow("n_plus_one:test_allowances.py:loop"):
        loop()
    assert [silence.reason for silence in recording.report.silences] == [
        "n_plus_one is allowed by 'n_plus_one:test_allowances.py:loop'"
    ]


def test_a_window_inside_the_block_inherits_it() -> None:
    with allow("n_plus_one"), record() as recording:
        loop()
    assert recording.report.findings == ()


def test_an_allowance_ends_with_its_block() -> None:
    with allow("n_plus_one"):
        pass
    with record() as recording:
        loop()
    assert [finding.kind for finding in recording.report.findings] == ["n_plus_one"]


def test_an_allowance_that_matches_nothing_is_reported_as_stale() -> None:
    with record() as recording, allow("Post.author"):
        pass
    (finding,) = recording.report.findings
    assert (finding.severity, finding.summary) == ("info", "The allowance 'Post.author' matched nothing")
