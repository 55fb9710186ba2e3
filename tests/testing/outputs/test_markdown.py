"""A run as Markdown: tables that stay tables."""

from __future__ import annotations

from query_guard.testing.outputs.markdown import markdown
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
