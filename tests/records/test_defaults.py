"""What a record does not say: there was none of it. Reports, facts and allowances are equal to themselves only."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import pytest

from query_guard.records import (
    NO_INFO,
    NOWHERE,
    Allowance,
    CallSite,
    Checkout,
    Clauses,
    Facts,
    FailedLoad,
    Finding,
    Frame,
    Loader,
    LoaderOption,
    LoadPath,
    LoopBlock,
    Numbers,
    OptionCall,
    Pool,
    Report,
    Request,
    StatementInfo,
    Step,
    Transaction,
)
from tests.reports import REQUEST

TUPLES: list[tuple[Any, dict[str, object]]] = [
    (CallSite, {}),
    (Checkout, {}),
    (Clauses, {}),
    (FailedLoad, {"failure": "greenlet"}),
    (Frame, {}),
    (Loader, {}),
    (LoaderOption, {}),
    (LoadPath, {}),
    (LoopBlock, {"site": NOWHERE}),
    (Numbers, {}),
    (OptionCall, {}),
    (Pool, {}),
    (Request, {}),
    (StatementInfo, {"clauses": Clauses()}),
    (Step, {}),
    (Transaction, {}),
]
OBJECTS: list[tuple[Any, dict[str, object]]] = [
    (Facts, {}),
    (Finding, {"site": NOWHERE, "count": 1}),
    (Report, {"sampled": True}),
    (Allowance, {}),
]


@pytest.mark.parametrize(("kind", "given"), TUPLES)
def test_what_a_row_does_not_say_is_nothing(kind: Any, given: dict[str, object]) -> None:
    assert {name: value for name, value in kind._field_defaults.items() if value} == given


@pytest.mark.parametrize(("kind", "given"), OBJECTS)
def test_what_an_object_does_not_say_is_nothing(kind: Any, given: dict[str, object]) -> None:
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    assert {name: value for name, value in defaults.items() if value} == given


def test_nothing_is_known_of_a_statement_without_mappings_and_of_nowhere() -> None:
    assert [value for value in NO_INFO if value] == [Clauses()]
    assert tuple(NOWHERE) == (0, (), "", False, "")
    assert NOWHERE.innermost is None


def test_two_reports_two_facts_and_two_allowances_are_never_one() -> None:
    facts, more_facts = (Facts(REQUEST, 0.0, ()) for _ in range(2))
    pairs: list[tuple[object, object]] = [
        (facts, more_facts),
        (Report("id", 0.0, facts), Report("id", 0.0, facts)),
        (Allowance("n_plus_one"), Allowance("n_plus_one")),
    ]
    for one, other in pairs:
        assert one != other
        assert len({one, other}) == 2


def test_what_an_allowance_has_matched_is_counted_and_not_given() -> None:
    assert Allowance("n_plus_one").matched == 0
    with pytest.raises(TypeError):
        Allowance("n_plus_one", "few", None, 1)  # type: ignore[call-arg]  # that is the point
