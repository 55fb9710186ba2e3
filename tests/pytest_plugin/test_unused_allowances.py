"""Allowances of the whole suite that matched nothing: named where the whole suite ran, and not of a selection."""

from __future__ import annotations

import pytest

from query_guard.pytest_plugin.session import GuardedSession
from query_guard.pytest_plugin.settings import Settings
from query_guard.pytest_plugin.summary import sections
from query_guard.records import Allowance
from query_guard.testing.tallies import Entry
from tests.runs import entry

TITLE = "query_guard: allowances that matched nothing"


def unused(session: GuardedSession, *entries: Entry) -> list[str]:
    return dict(sections(session.settings, [*entries], [])).get(TITLE, [])


def session_of(*, runs_all: bool = True) -> GuardedSession:
    allowed = (Allowance("User.posts"), Allowance("n_plus_one"))
    return GuardedSession(Settings("warn", allow=allowed, runs_all=runs_all), is_worker=False)


def used(*patterns: str) -> Entry:
    return {**entry("test_a"), "used": [*patterns]}


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ((), ["query_guard_allow: 'User.posts'", "query_guard_allow: 'n_plus_one'"]),
        (("n_plus_one",), ["query_guard_allow: 'User.posts'"]),
        (("n_plus_one", "User.posts"), []),
    ],
)
def test_of_a_suite_that_ran_those_are_named_that_no_test_used(patterns: tuple[str, ...], left: list[str]) -> None:
    assert unused(session_of(), used(*patterns)) == left


def test_of_some_files_none_is_named() -> None:
    assert unused(session_of(runs_all=False), used()) == []


def test_where_tests_were_deselected_none_is_named() -> None:
    session = session_of()
    session.pytest_deselected()
    assert unused(session, used()) == []
