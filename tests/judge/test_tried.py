"""What a trial proves: whether the work wrote, how it ended, and what becomes of a fix that is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from query_guard.capture.window.trial import Trial
from query_guard.history.memory import MemoryHistory
from query_guard.judge.armed_trials import ArmedTrials
from query_guard.judge.trials import Ran, identity, options_of, overall, ran, tried, with_tried, wrote
from query_guard.records import (
    Answer,
    Entity,
    Finding,
    LoaderOption,
    OptionCall,
    PlacedOption,
    Report,
    TrialOf,
    Tried,
)
from tests.reports import REQUEST, SITE, facts_of, statement


def option(attribute: str) -> PlacedOption:
    call = OptionCall("selectinload", "User", attribute)
    return PlacedOption(LoaderOption(Entity("User", (), False), (call,)), SITE.frames[:1])


OPTION, OTHER = option("posts"), option("groups")
FOUND = Finding(
    "n_plus_one", "warning", "often", "fix", site=SITE, option=OPTION, too_many=True, remedy="selectinload(User.posts)",
    edit=("crud.py", 31), saved_statements=4, saving=0.5, avoided=(2, 3),
)  # fmt: skip
PLAIN = Finding("slow_statement", "warning", "slow", "fix", site=SITE)
ANSWER = Answer(b"a", b"1")


def report(*findings: Finding, identity: str = "first", **fields: Any) -> Report:
    given = {"rows": [statement()], "request": {}, **fields}
    facts = facts_of(*given.pop("rows"), request=REQUEST._replace(**given.pop("request")))
    return Report(identity, 0.0, facts, findings, **given)


def applied(*options: PlacedOption) -> Trial:
    trial = Trial(lambda: list(options), only_reads=True)
    trial.applied.update(options)
    return trial


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"operation": "SET"}, False),
        ({"operation": "SHOW"}, False),
        ({"operation": "PRAGMA"}, False),
        ({"operation": "CALL"}, True),
        ({"operation": "SELECT", "writes": ("posts",)}, True),
        ({"operation": "INSERT", "writes": ("posts",)}, True),
        ({"sql": "SELECT pg_notify(?, ?) FROM posts"}, True),
    ],
)
def test_what_does_more_than_read(fields: dict[str, Any], expected: bool) -> None:
    work = report(rows=[statement(1), statement(2, **fields), statement(3)])
    assert wrote(work) is expected
    assert ran(work).has_written is expected


@pytest.mark.parametrize(
    ("request_of", "ended", "has_failed"),
    [
        ({}, 200, False),
        ({"status": 500}, 500, True),
        ({"exception": "LookupError"}, "LookupError", True),
        ({"cancelled": True}, 200, True),
    ],
)
def test_how_a_request_ended(request_of: dict[str, Any], ended: object, has_failed: bool) -> None:
    assert ran(report(PLAIN, request=request_of, answer=ANSWER)) == Ran(1, (PLAIN,), ended, has_failed, False, ANSWER)


def test_each_option_is_tried_once() -> None:
    findings = [FOUND, PLAIN, replace(FOUND, option=OTHER), replace(FOUND, summary="again")]
    assert options_of(findings) == [OPTION, OTHER]


BEFORE = Ran(3, (FOUND,), 200, answer=ANSWER)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (BEFORE, Ran(2, (), 200, answer=None), "works"),
        (BEFORE._replace(answer=None), Ran(2, (), 200, answer=ANSWER), "works"),
        (BEFORE._replace(has_written=True), Ran(2, (), 200, has_written=True), "works"),
        (BEFORE._replace(has_written=True), Ran(2, (), 200), "works"),
        (BEFORE, Ran(2, (), 500, has_failed=True), "fails"),
        (BEFORE._replace(ended=500, has_failed=True), Ran(2, (), "LookupError", has_failed=True), "fails"),
        (BEFORE._replace(ended=500, has_failed=True), Ran(2, (), 200), "works"),
        (BEFORE._replace(ended=500, has_failed=True), Ran(2, (), 500, has_failed=True), "works"),
        (BEFORE, Ran(2, (PLAIN,), 200), "works"),
        (BEFORE, Ran(2, (replace(FOUND, relationship="User.groups"),), 200), "works"),
        (BEFORE, Ran(2, (replace(FOUND, summary="as often"),), 200), "fails"),
    ],
)
def test_a_fix_works_if_the_work_ends_as_before_without_the_finding(before: Ran, after: Ran, outcome: str) -> None:
    assert tried(FOUND, before, after, applied(OPTION)).outcome == outcome


def test_only_a_finding_of_too_many_statements_must_save_one() -> None:
    once = replace(FOUND, too_many=False)
    assert tried(once, Ran(3, (once,), 200), Ran(3, (), 200), applied(OPTION)).outcome == "works"


def test_a_finding_is_the_same_while_kind_relationship_and_line_are() -> None:
    assert identity(FOUND) == identity(replace(FOUND, count=9, summary="other"))
    elsewhere = SITE._replace(frames=SITE.frames[1:])
    for fields in ({"kind": "slow_statement"}, {"relationship": "Post.tags"}, {"site": elsewhere}):
        assert identity(FOUND) != identity(replace(FOUND, **fields))


WORKS, UNKNOWN, FAILS = Tried(3, 2, "works"), Tried(3, 2, "unknown", "not known"), Tried(3, 3, "fails", "no reason")


@pytest.mark.parametrize(
    ("outcomes", "worst"), [((WORKS, UNKNOWN, FAILS), FAILS), ((WORKS, UNKNOWN), UNKNOWN), ((WORKS,), WORKS)]
)
def test_the_outcome_of_all_is_the_worst(outcomes: tuple[Tried, ...], worst: Tried) -> None:
    assert overall(outcomes) == overall(outcomes[::-1]) == worst


@pytest.mark.parametrize("outcome", [WORKS, UNKNOWN])
def test_an_option_that_did_not_fail_stays_the_fix(outcome: Tried) -> None:
    assert with_tried(FOUND, outcome) == replace(FOUND, tried=outcome)


def test_an_option_that_failed_is_no_fix_and_saves_nothing() -> None:
    noted = with_tried(FOUND, FAILS)
    where = "selectinload(User.posts) on the select at crud.py:31 was tried and is no fix (no reason)"
    assert (noted.fix, noted.tried) == (f"{where}: load it in another way", FAILS)
    assert (noted.remedy, noted.edit, noted.option, noted.avoided) == ("", None, None, ())
    assert (noted.saved_statements, noted.saving) == (0, 0.0)
    assert " on the select was tried" in with_tried(replace(FOUND, edit=None), FAILS).fix


def concluded(first: Report, second: Report, *, is_kept: bool = True) -> tuple[TrialOf, MemoryHistory]:
    history = MemoryHistory()
    trials = ArmedTrials(history, possible=True, clock=lambda: 0.0)
    armed = trials.arm(first)
    if is_kept:
        history.add(first)
    return trials.conclude(armed, applied(*armed.options), second), history


def test_what_became_of_a_fix_is_noted_in_the_report_that_offered_it() -> None:
    first = report(FOUND, PLAIN, rows=[statement(n) for n in (1, 2, 3)])
    trial_of, history = concluded(first, report(rows=[statement(1)], identity="second"))
    assert trial_of == TrialOf("first", Tried(3, 1, "works"))
    kept = history.get("first")
    assert kept is not None
    assert [finding.tried for finding in kept.findings] == [Tried(3, 1, "works"), None]


def test_a_report_that_is_gone_is_not_put_back() -> None:
    _, history = concluded(report(FOUND, rows=[statement(1), statement(2)]), report(identity="2"), is_kept=False)
    assert list(history.latest()) == []


@pytest.mark.parametrize(
    ("findings", "outcome"), [((FOUND,), "fails"), ((FOUND, replace(FOUND, option=OTHER)), "unknown")]
)
def test_one_option_alone_is_blamed_for_a_request_that_saved_nothing(
    findings: tuple[Finding, ...], outcome: str
) -> None:
    trial_of, _ = concluded(report(*findings), report(identity="second"))
    assert trial_of.tried.outcome == outcome
