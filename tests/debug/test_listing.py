"""Which reports a list shows, and which options a trial has as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from query_guard import Finding, Report
from query_guard.debug.listing import latest_of, newer_than
from query_guard.debug.trial_document import trial_document
from query_guard.judge.armed_trials import ArmedTrial
from query_guard.records import Entity, Frame, LoaderOption, OptionCall, PlacedOption
from tests.reports import REQUEST, facts_of, report_with


def report(report_id: str, method: str = "GET", route: str | None = "/users") -> Report:
    return Report(report_id, 0.0, facts_of(request=REQUEST._replace(method=method, route=route)))


NEWEST_FIRST = [report("m"), report("z", "POST"), report("a", route="/posts"), report("b", route=None)]


@pytest.mark.parametrize(
    ("after", "shown", "known"),
    [
        ("m", "", "m"),
        ("z", "m", "z"),
        ("b", "mza", "b"),
        ("c", "mzab", None),
        ("", "mzab", None),
        (None, "mzab", None),
    ],
)
def test_a_list_begins_with_the_newest_and_ends_before_the_report_that_is_named(
    after: str | None, shown: str, known: str | None
) -> None:
    newer, named = newer_than(after, NEWEST_FIRST)
    assert ("".join(one.id for one in newer), named) == (shown, known)


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (None, "m"),
        ("/users", "m"),
        ("GET /users", "m"),
        ("POST /users", "z"),
        ("/posts", "a"),
        ("GET (no route)", "b"),
        ("PUT /users", None),
        ("", None),
    ],
)
def test_the_latest_of_a_route_is_the_newest_with_its_name_or_path(route: str | None, expected: str | None) -> None:
    found = latest_of(route, NEWEST_FIRST)
    assert (found and found.id) == expected


def option(attribute: str) -> PlacedOption:
    calls = (OptionCall("selectinload", "User", attribute),)
    return PlacedOption(LoaderOption(Entity("User", (), False), calls), (Frame("crud.py", 8, "users", 1),))


def finding(attribute: str, line: int | None, placed: PlacedOption | None) -> Finding:
    edit = None if line is None else ("crud.py", line)
    remedy = f"selectinload(User.{attribute})"
    return Finding("n_plus_one", "warning", "", "", edit=edit, option=placed, remedy=remedy)


def test_a_trial_names_its_own_options_each_once_and_where_they_go() -> None:
    posts, tags, other = option("posts"), option("tags"), option("other")
    found = (
        finding("posts", 8, posts), finding("posts", 8, posts), finding("tags", None, tags),
        finding("other", 9, other), finding("by_hand", 10, None),
    )  # fmt: skip
    armed = ArmedTrial(replace(report_with(*found)), (posts, tags), 60.0)
    assert trial_document(armed) == {
        "route": "GET /users",
        "until": "1970-01-01T00:01:00.000+00:00",
        "options": [{"file": "crud.py", "line": 8, "remedy": "selectinload(User.posts)"}],
    }
