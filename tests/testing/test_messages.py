"""What failed assertions say, of findings and reports made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from query_guard import Finding, Report
from query_guard.records import NOWHERE, Frame, Statement, Tried
from query_guard.testing.found import Found
from query_guard.testing.messages import budget_message, found_lines, shape_lines, shapes_text
from tests.reports import POSTS, REQUEST, SITE, facts_of, report_with, statement

LOOP = Finding("n_plus_one", "warning", "User.posts was loaded 3 times", "Load them ahead", SITE)
OTHER_LINE = SITE._replace(key=40, frames=(Frame("crud.py", 40, "load_tags", 38),))
HEAD = "  n_plus_one: User.posts was loaded 3 times"
AT = "    at crud.py:31 in load_posts"
CALLED = "    called from routers/users.py:12 in list_users"
FIX = "    fix: Load them ahead"
TAGS = "SELECT tags.id FROM tags"


def sent(sql: str, fingerprint: str, times: int, first: int = 1) -> list[Statement]:
    return [statement(first + number, sql=sql, fingerprint=fingerprint) for number in range(times)]


@pytest.mark.parametrize(
    ("route", "times", "lines"),
    [("", 1, []), ("", 2, []), ("GET /a", 1, ["    on GET /a"]), ("GET /a", 2, ["    on GET /a (2 times)"])],
)
def test_the_route_of_a_finding_is_named_and_how_often_where_it_was_more_than_once(
    route: str, times: int, lines: list[str]
) -> None:
    assert list(found_lines(Found(route, LOOP, times))) == [HEAD, *lines, AT, CALLED, FIX]


def test_other_lines_what_became_of_the_fix_and_what_else_it_mends_are_told() -> None:
    effect = Finding("duplicate_query", "warning", "It was sent twice", "Send it once", OTHER_LINE)
    finding = replace(LOOP, callers=(OTHER_LINE,), tried=Tried(4, 2, "works"), effects=(effect,))
    assert list(found_lines(Found("", finding))) == [
        HEAD,
        AT,
        CALLED,
        "    also at crud.py:40 in load_tags",
        FIX,
        "    tried: 4 -> 2 statements",
        "    also fixes: duplicate_query at crud.py:40: It was sent twice",
    ]


def test_a_finding_without_a_line_has_its_phase_or_no_place() -> None:
    nowhere = replace(LOOP, site=NOWHERE)
    assert list(found_lines(Found("", nowhere))) == [HEAD, FIX]
    of_answer = replace(nowhere, phase="serialization")
    assert list(found_lines(Found("", of_answer))) == [HEAD, "    during serialization", FIX]


def test_a_statement_has_its_line_or_its_phase_or_the_word_that_it_has_neither() -> None:
    at_line = statement(sql=TAGS, loader=POSTS)
    assert shape_lines("3", at_line) == [f"  3 x {TAGS} [User.posts]", "      crud.py:31 in load_posts"]
    for phase, place in (("serialization", "serialization"), (None, "no line of the application")):
        assert shape_lines("1", statement(sql=TAGS, site=NOWHERE, phase=phase)) == [f"  1 x {TAGS}", f"      {place}"]


def test_the_most_frequent_shape_comes_first_and_each_of_its_lines_counts_by_itself() -> None:
    elsewhere = [row._replace(site=OTHER_LINE) for row in sent(TAGS, "tags", 3, first=10)]
    assert shapes_text([*sent(TAGS, "tags", 2), *elsewhere]) == [
        f"  3 x {TAGS}",
        "      crud.py:40 in load_tags",
        f"  2 x {TAGS}",
        "      crud.py:31 in load_posts",
    ]


def test_statements_of_one_shape_are_shown_as_the_first_of_them() -> None:
    rows = [statement(serial, site=NOWHERE, phase=phase) for serial, phase in enumerate(("endpoint", "teardown"), 1)]
    assert shapes_text(rows)[1:] == ["      endpoint"]
    assert shapes_text(rows[::-1])[1:] == ["      teardown"]


@pytest.mark.parametrize(("shapes", "more"), [(20, None), (21, "  and 1 more shapes"), (25, "  and 5 more shapes")])
def test_of_many_shapes_twenty_are_shown(shapes: int, more: str | None) -> None:
    lines = shapes_text([row for number in range(shapes) for row in sent(f"SELECT {number}", f"f{number}", 1, number)])
    assert len([line for line in lines if " x SELECT " in line]) == 20
    assert lines[40:] == ([] if more is None else [more])


def over(budget: int, queries: int, *findings: Finding) -> Report:
    request = REQUEST._replace(budget=budget)
    return report_with(*findings, facts=facts_of(*sent(TAGS, "tags", queries), request=request))


@pytest.mark.parametrize(
    ("budget", "words"), [(0, "at most 0 queries"), (1, "at most 1 query"), (2, "at most 2 queries")]
)
def test_a_budget_is_said_in_one_line_for_one_request(budget: int, words: str) -> None:
    head, *shapes = budget_message([over(budget, 3)]).splitlines()
    assert head == f"expected {words} of GET /users, its budget, got 3:"
    assert shapes == [f"  3 x {TAGS}", "      crud.py:31 in load_posts"]


def test_of_several_requests_over_a_budget_the_worst_is_shown() -> None:
    text = budget_message([over(2, 3), over(2, 5), over(2, 4)])
    assert text.startswith(
        f"expected at most 2 queries of GET /users, its budget, got 5 (and too many in 3 requests):\n  5 x {TAGS}\n"
    )
    assert "got 3 (and too many in 2 requests):" in budget_message([over(2, 3), over(2, 3)])


def test_beside_the_budget_other_warnings_are_told_and_not_the_budget_once_more() -> None:
    of_budget = Finding("statement_budget", "warning", "It sent 3", "Send less", SITE)
    late, quiet = (Finding(kind, "info", "of no weight", "Leave it", SITE) for kind in ("slow_statement", "wide_row"))
    later_kind = Finding("unused_eager_load", "error", "never read", "Leave it out", SITE)
    text = budget_message([over(1, 3, of_budget, late, LOOP, quiet, later_kind)])
    assert [line for line in text.splitlines() if line.startswith(("  n_", "  u", "  s", "  w"))] == [
        HEAD,
        "  unused_eager_load: never read",
    ]
