"""Which tests have written something for good, and which finding takes what became of a fix."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from query_guard import Finding
from query_guard.pytest_plugin.call import Recorded
from query_guard.pytest_plugin.tried_findings import after_trial, has_committed, with_tries
from query_guard.recording import Recording
from query_guard.records import Entity, Facts, Frame, LoaderOption, OptionCall, PlacedOption
from tests.reports import facts_of, report_with, statement, transaction
from tests.runs import told

WRITES: dict[str, Any] = {"operation": "INSERT", "writes": ("posts",)}


def recorded(facts: Facts) -> Recorded:
    return Recorded(cast("Recording", SimpleNamespace(report=report_with(facts=facts))), "success")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (facts_of(), False),
        (facts_of(transactions=(transaction(),)), True),
        (facts_of(transactions=(transaction(outcome="rolled_back"),)), False),
        (facts_of(transactions=(transaction(writes=0),)), False),
        (facts_of(transactions=(transaction(writes=0), transaction())), True),
        (facts_of(statement(autocommit=True, **WRITES)), True),
        (facts_of(statement(autocommit=True)), False),
        (facts_of(statement(**WRITES)), False),
        (facts_of(statement(), statement(autocommit=True, **WRITES)), True),
    ],
)
def test_a_commit_of_what_was_written_or_a_write_without_a_transaction_is_for_good(
    facts: Facts, expected: bool
) -> None:
    assert has_committed(recorded(facts)) is expected


TRY = {
    "kind": "n_plus_one", "relationship": "User.posts", "place": "app/crud.py:31", "line": "it works",
    "fields": {"fix": "another", "saves": 2},
}  # fmt: skip


@pytest.mark.parametrize("other", [{"kind": "slow_statement"}, {"relationship": None}, {"place": "app/crud.py:32"}])
def test_a_finding_takes_what_became_of_its_own_fix_alone(other: dict[str, Any]) -> None:
    assert with_tries(told(), [{**TRY, **other}, TRY]) == told(fix="another", saves=2)
    assert with_tries(told(), [{**TRY, **other}]) == told()
    assert with_tries(told(), []) == told()


def test_each_finding_with_an_option_is_told_of_wherever_it_stands() -> None:
    calls = (OptionCall("selectinload", "User", "posts"),)
    option = PlacedOption(LoaderOption(Entity("User", (), False), calls), (Frame("crud.py", 8, "users", 1),))
    with_option = Finding(
        "n_plus_one", "warning", "", "", edit=("crud.py", 8), option=option, remedy=option.option.code
    )
    by_hand = Finding("slow_statement", "warning", "", "")
    recording = SimpleNamespace(query_count=4, findings=(by_hand, with_option, by_hand))
    tries = after_trial(Recorded(cast("Recording", recording), "success"), [option], lambda: (None, True))
    why = "its fixtures could not be made, or not be ended, a second time"
    assert [(one["kind"], one["line"]) for one in tries] == [
        ("n_plus_one", f"selectinload(User.posts) at crud.py:8, tried: unknown, {why}")
    ]
