"""Findings that the fix of another one also removes become its effects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from query_guard.judge.verdict import ranked
from query_guard.records import Finding

CAUSE = Finding("commit_per_row", "warning", "It is so", "Mend it", saved_statements=1, saving=0.5, avoided=(1, 2, 3))
EFFECT = Finding(
    "n_plus_one", "warning", "Often", "Load", statements=(1, 3), too_many=True, saved_statements=2, saving=0.25
)


def found(**fields: Any) -> Finding:
    return replace(EFFECT, **fields)


def cause(**fields: Any) -> Finding:
    return replace(CAUSE, **fields)


def effects(*findings: Finding) -> dict[str, list[str]]:
    """Return the kinds of the findings that are left, each with those of its effects."""
    return {finding.kind: [effect.kind for effect in finding.effects] for finding in ranked(findings)}


LED = {"commit_per_row": ["n_plus_one"]}
APART: dict[str, list[str]] = {"commit_per_row": [], "n_plus_one": []}


@pytest.mark.parametrize(
    ("of_cause", "of_other", "expected"),
    [
        ({}, {}, LED),
        ({}, {"statements": (1, 2, 3)}, LED),
        ({}, {"statements": (1, 4)}, APART),
        ({}, {"statements": ()}, APART),
        ({}, {"too_many": False}, APART),
        ({}, {"avoided": (9,)}, APART),
        ({"avoided": ()}, {}, APART),
        ({}, {"request": 2}, APART),
        ({"request": 2}, {}, APART),
        ({"request": 2}, {"request": 2}, LED),
        ({"severity": "info"}, {}, APART),
        ({"severity": "info"}, {"severity": "info"}, LED),
        ({}, {"severity": "info"}, LED),
        ({"severity": "error"}, {}, LED),
    ],
)
def test_a_fix_that_avoids_all_statements_of_another_finding_is_its_cause(
    of_cause: dict[str, Any], of_other: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert effects(cause(**of_cause), found(**of_other)) == expected
    assert effects(found(**of_other), cause(**of_cause)) == expected


def test_a_cause_saves_what_its_effects_do() -> None:
    (finding,) = ranked([CAUSE, EFFECT, found(kind="duplicate_statement", saved_statements=4, saving=1.0)])
    assert [effect.kind for effect in finding.effects] == ["n_plus_one", "duplicate_statement"]
    assert (finding.saved_statements, finding.saving) == (7, 1.75)


def test_of_two_causes_the_first_has_the_effect_and_what_has_none_stays_as_it_is() -> None:
    other = cause(kind="split_transaction")
    assert effects(CAUSE, other, EFFECT) == {"commit_per_row": ["n_plus_one"], "split_transaction": []}
    first, second = ranked([CAUSE, other])
    assert first is CAUSE
    assert second is other


def test_what_is_neither_cause_nor_effect_stays_beside_them() -> None:
    slow = Finding("slow_statement", "error", "Slow", "Index it", statements=(1,))
    assert effects(CAUSE, EFFECT, slow) == {"slow_statement": [], "commit_per_row": ["n_plus_one"]}
    assert ranked([]) == ()
