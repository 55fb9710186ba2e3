"""Which findings fail a test, and which names of kinds are refused as misspelt."""

from __future__ import annotations

import pytest

from query_guard import Finding
from query_guard.testing.kinds import checked_kinds, fails

EFFECT = Finding("duplicate_query", "warning", "twice", "Send it once")


@pytest.mark.parametrize(
    ("finding", "fail_on", "expected"),
    [
        (Finding("n_plus_one", "warning", "", ""), None, True),
        (Finding("n_plus_one", "error", "", ""), None, True),
        (Finding("n_plus_one", "info", "", ""), None, False),
        (Finding("slow_statement", "warning", "", ""), None, False),
        (Finding("slow_statement", "warning", "", "", effects=(EFFECT,)), None, True),
        (Finding("slow_statement", "warning", "", ""), {"slow_statement"}, True),
        (Finding("slow_statement", "info", "", ""), {"slow_statement"}, False),
        (Finding("n_plus_one", "warning", "", ""), {"slow_statement"}, False),
        (Finding("n_plus_one", "warning", "", "", effects=(EFFECT,)), {"duplicate_query"}, True),
        (Finding("n_plus_one", "warning", "", ""), set(), False),
    ],
)
def test_a_warning_fails_where_it_measures_no_time_or_its_kind_or_that_of_an_effect_is_named(
    finding: Finding, fail_on: set[str] | None, expected: bool
) -> None:
    assert fails(finding, fail_on) is expected


@pytest.mark.parametrize("kinds", [["n_plus_one"], ("n_plus_one", "mine"), {"of_my_own_detector"}, []])
def test_kinds_of_ours_and_those_of_an_own_detector_are_taken(kinds: list[str]) -> None:
    assert checked_kinds("option", kinds) == frozenset(kinds)


@pytest.mark.parametrize("kinds", [["n_plus_on"], ["mine", "n_plus_on"], ("n_plus_one", "n_plus_on")])
def test_each_kind_is_looked_at_for_a_slip(kinds: list[str]) -> None:
    with pytest.raises(ValueError, match="^option: there is no kind 'n_plus_on'; did you mean 'n_plus_one'?"):
        checked_kinds("option", kinds)


def test_a_name_counts_as_a_slip_where_three_fifths_of_it_are_those_of_a_kind() -> None:
    """`n_plus_one` has ten letters: six of them in a word of ten are three fifths, and five are less."""
    with pytest.raises(ValueError, match="did you mean 'n_plus_one'?"):
        checked_kinds("option", ["n_plusXYZW"])
    assert checked_kinds("option", ["n_pluXYZWV"]) == {"n_pluXYZWV"}


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ("n_plus_one", "option must be a collection of kinds, such as {'n_plus_one'}, not a text"),
        (None, "option must be a collection of kinds, such as {'n_plus_one'}, not None"),
        (3, "option must be a collection of kinds, such as {'n_plus_one'}, not 3"),
        (["n_plus_one", 3], "option must be a collection of kinds, such as {'n_plus_one'}, not ['n_plus_one', 3]"),
        (iter(["n_plus_one"]), "option must be a collection of kinds, such as {'n_plus_one'}, not <list_iterator"),
    ],
)
def test_what_is_no_collection_of_texts_is_refused(kinds: object, told: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is below
        checked_kinds("option", kinds)
    assert str(raised.value).startswith(told)
