"""Which reports can be tried, and for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from query_guard.capture.window.trial import Trial
from query_guard.history.memory import MemoryHistory
from query_guard.judge.armed_trials import ArmedTrials, NothingToTry
from query_guard.judge.trials import Ran, tried
from query_guard.records import Answer, Entity, Finding, LoaderOption, OptionCall, PlacedOption, Report, TrialOf, Tried
from tests.reports import REQUEST, SITE, facts_of, statement

OPTION = PlacedOption(
    LoaderOption(Entity("User", (), False), (OptionCall("selectinload", "User", "posts"),)), SITE.frames[:1]
)
FOUND = Finding("n_plus_one", "warning", "often", "fix", site=SITE, option=OPTION, too_many=True)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def report(identity: str = "first", **fields: Any) -> Report:
    facts = facts_of(*fields.pop("rows", [statement()]), request=REQUEST._replace(**fields.pop("request", {})))
    facts.dropped = fields.pop("dropped", 0)
    return Report(identity, 0.0, facts, (FOUND,), **fields)


def armed_trials(*reports: Report, possible: bool = True) -> tuple[ArmedTrials, MemoryHistory, Clock]:
    history, clock = MemoryHistory(), Clock()
    for kept in reports:
        history.add(kept)
    return ArmedTrials(history, possible=possible, clock=clock), history, clock


def test_a_trial_is_taken_once_by_its_own_route() -> None:
    trials, _, clock = armed_trials(report())
    armed = trials.arm(report())
    assert (armed.options, armed.until) == ((OPTION,), clock.now + 60)
    assert trials.take("GET /posts") is None
    assert trials.all() == [armed]
    assert trials.take("GET /users") == armed
    assert trials.take("GET /users") is None
    assert not trials


@pytest.mark.parametrize(("seconds", "is_there"), [(59.9, True), (60, False)])
def test_it_is_over_after_a_minute(seconds: float, is_there: bool) -> None:
    trials, _, clock = armed_trials(report())
    trials.arm(report())
    clock.now += seconds
    assert (len(trials.all()), trials.take("GET /users") is not None) == (is_there, is_there)
    assert not trials


WROTE = "expected a request that only reads, and GET /users wrote"
COUNTED = "expected details of each statement, and some were only counted"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"request": {"method": "POST"}}, "expected a GET or HEAD request of a route, got 'POST /users'"),
        ({"request": {"route": None}}, "expected a GET or HEAD request of a route, got 'GET (no route)'"),
        ({"request": {"kind": "block", "path": "job"}}, "expected a GET or HEAD request of a route, got 'job'"),
        ({"sampled": False}, COUNTED),
        ({"dropped": 1}, COUNTED),
        ({"rows": [statement(writes=("posts",), operation="UPDATE")]}, WROTE),
        ({"rows": [statement(writes=("posts",))]}, WROTE),
        ({"rows": [statement(operation="CALL")]}, WROTE),
        ({"rows": [statement(sql="SELECT setval('s', 1)", tables=())]}, WROTE),
        ({"trial": TrialOf("other", Tried(3, 2, "works"))}, "expected a report of the code as it is"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence(fields: dict[str, Any], error: str) -> None:
    trials, _, _ = armed_trials()
    with pytest.raises(NothingToTry) as refused:
        trials.arm(report(**fields))
    assert str(refused.value).startswith(error)
    assert trials.all() == []


def test_the_last_request_of_the_route_must_have_written_nothing() -> None:
    trials, _, _ = armed_trials(report(), report("last", rows=[statement(operation="DELETE", writes=("posts",))]))
    with pytest.raises(NothingToTry, match=WROTE):
        trials.arm(report())


def test_a_sqlalchemy_without_a_place_for_it_is_named() -> None:
    trials, _, _ = armed_trials(possible=False)
    with pytest.raises(NothingToTry, match="expected a SQLAlchemy that lets a session's execution be listened to"):
        trials.arm(report())


SAME = Answer(b"b", b"2")
ANOTHER_PATH = Tried(3, 2, "unknown", "its path or query was another one")
ANOTHER_ANSWER = Tried(3, 2, "unknown", "its answer was another one, as where it holds a time")
BEFORE = Ran(3, (FOUND,), 200, answer=SAME)


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (Ran(2, (), 200, answer=SAME), Tried(3, 2, "works")),
        (Ran(2, (), 200, answer=Answer(b"b", None)), Tried(3, 2, "works")),
        (Ran(2, (), 200, answer=Answer(b"a", b"2")), ANOTHER_PATH),
        (Ran(2, (), 200, answer=Answer(b"c", b"2")), ANOTHER_PATH),
        (Ran(2, (), 200, answer=Answer(b"b", b"1")), ANOTHER_ANSWER),
        (Ran(2, (), 200, answer=Answer(b"b", b"3")), ANOTHER_ANSWER),
        (Ran(3, (), 200, answer=SAME), Tried(3, 3, "fails", "no statement was saved")),
        (Ran(4, (), 200, answer=SAME), Tried(3, 4, "fails", "no statement was saved")),
        (Ran(2, (FOUND,), 200, answer=SAME), Tried(3, 2, "fails", "the finding is still there")),
        (Ran(2, (), 404, answer=SAME), Tried(3, 2, "fails", "it ended with 404, not with 200")),
        (Ran(2, (), 101, answer=SAME), Tried(3, 2, "fails", "it ended with 101, not with 200")),
        (Ran(2, (), 200, has_written=True), Tried(3, 2, "unknown", "this time something was written")),
    ],
)
def test_the_outcome_is_what_is_proven(after: Ran, outcome: Tried) -> None:
    trial = Trial(lambda: [OPTION], only_reads=True)
    assert tried(FOUND, BEFORE, after, trial).why == "the select that it goes to was not executed"
    trial.applied.add(OPTION)
    assert tried(FOUND, BEFORE, after, trial) == outcome
    trial.failure = "it could not be made"
    assert tried(FOUND, BEFORE, after, trial) == outcome._replace(outcome="unknown", why=trial.failure)


def test_of_several_options_none_is_blamed_for_all() -> None:
    trial = Trial(lambda: [OPTION], only_reads=True)
    trial.applied.add(OPTION)
    failed, more = Ran(2, (), "LookupError", has_failed=True), Ran(4, (), 200)
    why = "it ended with LookupError, not with 200, and other options were in place, too"
    assert tried(FOUND, BEFORE, failed, trial, others=1) == Tried(3, 2, "unknown", why)
    assert tried(FOUND, BEFORE, more, trial, others=1) == Tried(3, 4, "unknown", "no statement was saved")


def test_a_request_that_failed_before_and_succeeds_now_is_mended() -> None:
    trial = Trial(lambda: [OPTION], only_reads=True)
    trial.applied.add(OPTION)
    finding = replace(FOUND, too_many=False)
    before = Ran(1, (finding,), "MissingGreenlet", has_failed=True, answer=SAME)
    assert tried(finding, before, Ran(1, (), 200, answer=Answer(b"b", b"1")), trial) == Tried(1, 1, "works")
