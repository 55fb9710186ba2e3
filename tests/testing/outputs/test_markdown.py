"""A run as Markdown: tables that stay tables."""

from __future__ import annotations

import pytest

from query_guard.testing.outputs.markdown import markdown
from query_guard.testing.tallies import Change, FindingEntry
from tests.runs import entry, run_of, told


def test_findings_of_several_tests_are_one_row() -> None:
    assert markdown(run_of(entry("tests/test_a.py::test_a", told(times=2)), entry("b", told()))) == (
        "## query_guard: 1 finding, 6 statements in 2 tests\n\n"
        "| finding | routes | line | saves | times | tests | fix |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| n\\_plus\\_one User.posts | GET /users | app/crud.py:31 | 27 | 3 | 2 "
        "| Add .options(selectinload(User.posts)) |\n"
    )


def test_nothing_found_is_a_headline() -> None:
    assert markdown(run_of(entry("a", statements=1))) == "## query_guard: 0 findings, 1 statement in 1 test\n"


def test_texts_stay_in_their_cells() -> None:
    shown = markdown(run_of(entry("a", told(fix="a | b\nc <script> [x](y) `z` @me ![i](u)", relationship=None))))
    assert shown.splitlines()[-1].endswith("| a \\| b c \\<script\\> \\[x\\](y) \\`z\\` @me \\!\\[i\\](u) |")


def test_before_and_after_stand_side_by_side() -> None:
    grown = entry("a", changes=[{"route": "GET /users", "what": "statements", "before": 2, "after": 11}])
    assert markdown(run_of(grown, entry("b", changes=[]), baseline="query-baseline.json")).endswith(
        "### Against query-baseline.json\n\n"
        "| test | route | what | before | after |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| a | GET /users | statements | 2 | 11 |\n"
    )
    assert markdown(run_of(entry("b", changes=[]), baseline="b.json")).endswith(
        "### Against b.json\n\nNothing has changed.\n"
    )
    assert "Against" not in markdown(run_of(entry("a"), baseline="query-baseline.json"))


def test_long_tables_end() -> None:
    entries = [entry(f"test {n}", told(place=f"crud.py:{n}")) for n in range(150)]
    assert markdown(run_of(*entries)).endswith("|\n\nand 50 more\n")


def test_causes_come_in_the_order_of_what_mending_them_saves() -> None:
    few = told(place="app/few.py:1", saves=1, times=9)
    shown = markdown(run_of(entry("a", few), entry("b", told(saves=40), told(route="GET /posts", saves=40))))
    rows = shown.splitlines()[-2:]
    assert rows[0].startswith("| n\\_plus\\_one User.posts | GET /users, GET /posts | app/crud.py:31 | 80 | 2 | 1 |")
    assert rows[1].startswith("| n\\_plus\\_one User.posts | GET /users | app/few.py:1 | 9 | 9 | 1 |")


@pytest.mark.parametrize(("number", "last"), [(99, "|"), (100, "|"), (101, "and 1 more")])
def test_a_table_has_a_hundred_rows(number: int, last: str) -> None:
    entries = [entry(f"test {n}", told(place=f"crud.py:{n}")) for n in range(number)]
    lines = markdown(run_of(*entries)).splitlines()
    assert len([line for line in lines if " crud.py:" in line]) == min(number, 100)
    assert lines[-1].endswith(last)


@pytest.mark.parametrize(("number", "more"), [(1, ""), (5, ""), (6, " and 1 more"), (8, " and 3 more")])
def test_a_row_names_five_routes(number: int, more: str) -> None:
    (row,) = rows_of(*(told(route=f"GET /{n}") for n in range(number)))
    assert f" | {', '.join(f'GET /{n}' for n in range(min(number, 5)))}{more} | " in row


def test_a_row_says_what_the_baseline_knows_and_what_became_of_the_fix() -> None:
    tried = {"before": 4, "after": 2, "outcome": "works"}
    new, known = rows_of(told(known=False, saves=20, fix="Do", tried=tried), told(known=True, relationship=None))
    assert new.startswith("| n\\_plus\\_one User.posts | ")
    assert new.endswith(" | Do; tried: 4 -\\> 2 statements |")
    assert known.startswith("| n\\_plus\\_one (known) | ")


@pytest.mark.parametrize(("statements", "words"), [(0, "0 statements"), (1, "1 statement"), (2, "2 statements")])
def test_the_headline_counts_in_the_singular_and_the_plural(statements: int, words: str) -> None:
    assert markdown(run_of(entry("a", statements=statements))).startswith(
        f"## query_guard: 0 findings, {words} in 1 test\n"
    )
    assert markdown(run_of()) == "## query_guard: 0 findings, 0 statements in 0 tests\n"


def test_of_a_baseline_nothing_is_said_where_no_test_was_compared_with_one() -> None:
    changes: list[Change] = [{"route": "GET /users", "what": "statements", "before": 2, "after": 11}]
    assert "Against" not in markdown(run_of(entry("a", changes=changes)))
    assert "Against" not in markdown(run_of(entry("a"), entry("b"), baseline="known.json"))


def rows_of(*findings: FindingEntry) -> list[str]:
    """Return the rows of the findings, without the head of their table."""
    return markdown(run_of(entry("a", *findings))).splitlines()[4:]
