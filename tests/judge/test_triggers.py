"""Detectors are triggered where a window may interest them, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import time
from typing import Literal

import pytest

from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.capture.window.window import Window
from query_guard.detectors import DEFAULTS, Detector, defaults, judges_ends
from query_guard.judge.pipeline import Pipeline
from query_guard.judge.running_report import RunningReport
from query_guard.judge.triggers import NONE_TRIGGERED, TriggerIndex
from query_guard.judge.verdict import ranked
from query_guard.records import NOWHERE, Facts, Figures, Finding, LoopBlock, Report, Request, Severity, Triggers
from tests.reports import report_with

NOTHING = Figures(*[0] * len(Figures._fields))
REQUEST = Request("http", "GET", "/", "/")


class Triggered:
    """A detector that says what it was triggered."""

    def __init__(self, triggers: Triggers | None = None) -> None:
        self.triggers = triggers
        self.facts: list[Facts] = []

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        self.facts.append(facts)
        yield Finding("triggered", "warning", "It was triggered", "Nothing")


def test_a_detector_runs_from_the_least_of_its_triggers_on() -> None:
    slow, wide = Triggered({"longest_statement": 0.1}), Triggered({"most_rows": 10, "longest_statement": 5.0})
    interests = TriggerIndex([slow, wide])

    def triggered(**figures: float) -> list[Detector]:
        return [*(interests.triggered(NOTHING._replace(**figures)) or NONE_TRIGGERED).of_statements]  # type: ignore[arg-type]  # figures by their names

    assert triggered() == []
    assert triggered(longest_statement=0.1) == [slow]
    assert triggered(most_rows=11) == [wide]
    assert triggered(longest_statement=5) == [slow, wide]
    assert [triggered(longest_statement=seconds) for seconds in (0.09, 0.1)] == [[], [slow]]
    assert interests.triggered(NOTHING) is None
    assert interests.triggered(None) == ((slow, wide), (), False)


def test_a_detector_without_triggers_always_runs() -> None:
    always = Triggered()
    interests = TriggerIndex([Triggered({"writes": 1}), always])
    assert interests.triggered(NOTHING) == ((always,), (), True)


def test_a_trigger_that_is_no_figure_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the trigger 'longest' of Triggered is no field of Figures: repeated, "):
        TriggerIndex([Triggered({"longest": 1})])


@pytest.mark.parametrize("make", DEFAULTS)
def test_every_default_detector_has_triggers(make: Callable[[], Detector]) -> None:
    """Otherwise it would be triggered, and facts made for it, in each request of each application."""
    assert TriggerIndex([make()]).triggered(NOTHING) is None


ASKED_FROM: dict[str, Triggers] = {
    "NPlusOne": {"repeated": 1, "most_batches": 10},
    "DuplicateStatement": {"repeated": 1},
    "SlowStatement": {"longest_statement": 0.1},
    "FailedStatement": {"failed_statements": 1},
    "MissingGreenlet": {"failed_loads": 1},
    "UnloadedAttribute": {"failed_loads": 1},
    "SharedSession": {"failed_loads": 1},
    "CartesianProduct": {"joins": 1},
    "LargeResult": {"most_rows": 10_000},
    "StatementBudget": {"beyond_budget": 1, "statements": 51},
    "WriteInReadRequest": {"writes_in_read": 1},
    "BlockingDriver": {"blocking_statements": 1},
}
AT_END: dict[str, Triggers] = {
    "PoolTimeout": {"lost_checkouts": 1},
    "ConnectionLeak": {"lost_checkouts": 1},
    "PoolWait": {"longest_wait": 0.05},
    "NestedCheckout": {"nested_checkouts": 1},
    "LostWrite": {"written_transactions": 1},
    "CommitAfterResponse": {"written_transactions": 1},
    "CommitPerRow": {"written_transactions": 3},
    "SplitTransaction": {"written_transactions": 2},
    "IdleInTransaction": {"longest_transaction": 0.1},
    "EventLoopBlocked": {"longest_block": 0.1},
    "PoolSettings": {"changed_pools": 1},
}


def test_each_default_runs_from_where_it_may_find_something() -> None:
    """One that is triggered later finds nothing, and no test of the detector alone would notice."""
    triggers: dict[bool, dict[str, Triggers]] = {False: {}, True: {}}
    for detector in defaults():
        triggers[judges_ends(detector)][type(detector).__name__] = getattr(detector, "triggers", {})
    assert triggers == {False: ASKED_FROM, True: AT_END}


def test_nothing_interests_the_defaults_in_an_empty_window() -> None:
    assert TriggerIndex(defaults()).triggered(NOTHING) is None


def running(*detectors: Detector) -> tuple[RunningReport, Recorder]:
    recorder = Recorder()
    return RunningReport(Pipeline(detectors, [lambda _report: None]), recorder, Window(recorder), "id"), recorder


def test_what_was_judged_for_the_headers_is_not_judged_again() -> None:
    always, ends = Triggered(), Triggered({"longest_block": 0.1})
    ends.at_end = True  # type: ignore[attr-defined]  # of detectors of one's own
    report, recorder = running(always, ends)
    recorder.loop_blocks = (LoopBlock(recorder.started, recorder.started + 0.2),)
    _, headers = report.for_headers(REQUEST)
    finished = report.at_end(REQUEST)
    assert (len(always.facts), len(ends.facts)) == (1, 2)
    assert [finding.kind for finding in headers] == ["triggered", "triggered"]
    assert finished is not None
    assert len(finished.findings) == 2


def test_a_report_begins_before_it_ends() -> None:
    report, recorder = running(Triggered())
    recorder.started -= 5.0
    before = time()
    finished = report.at_end(REQUEST)
    assert finished is not None
    assert before - 5.5 < finished.started_at <= time() - 5.0


def test_a_reporter_gets_quiet_reports_unless_it_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [])

    class Deaf:
        hears = False

        def __call__(self, report: Report) -> None: ...

        def wants_quiet_reports(self) -> bool:
            return self.hears

    deaf = Deaf()
    assert not Pipeline([], []).wants_quiet_reports()
    assert not Pipeline([], [deaf]).wants_quiet_reports()
    assert Pipeline([], [deaf, lambda _report: None]).wants_quiet_reports()
    deaf.hears = True
    assert Pipeline([], [deaf]).wants_quiet_reports()


def test_what_comes_after_the_headers_is_judged_though_no_statement_follows() -> None:
    always, loads = Triggered(), Triggered({"failed_loads": 1})
    recorder = Recorder()
    running = RunningReport(Pipeline([always, loads], ()), recorder, Window(recorder), "id")
    running.for_headers(REQUEST)
    recorder.add_failed_load(FailedLoadRow(0, None, NOWHERE, 0, 0, None, "greenlet"))
    running.at_end(REQUEST)
    assert len(loads.facts) == 1
    assert len(loads.facts[0].failed_loads) == 1


def test_a_plain_function_may_have_triggers_too() -> None:
    def slow(_facts: Facts) -> Iterator[Finding]:
        yield from ()

    slow.triggers = {"longest_statement": 0.05}  # type: ignore[attr-defined]  # of detectors of one's own
    assert TriggerIndex([slow]).triggered(NOTHING) is None
    assert TriggerIndex([slow]).triggered(NOTHING._replace(longest_statement=0.06)) == ((slow,), (), False)


def test_a_reporter_that_cannot_say_what_it_wants_gets_every_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [])

    class Undecided:
        def __call__(self, report: Report) -> None: ...

        def wants_quiet_reports(self) -> bool:
            raise LookupError

    assert Pipeline([], [Undecided()]).wants_quiet_reports()


def test_while_a_test_watches_every_report_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [lambda _report: None])
    assert Pipeline([], []).wants_quiet_reports()


def test_each_reporter_with_suspect_gets_suspected_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [])
    monkeypatch.setattr("query_guard.judge.pipeline.due_suspicions", lambda: [("held", 1), ("held", 2)])
    heard: list[tuple[str, int, int]] = []

    class Suspicious:
        def __init__(self, name: int) -> None:
            self.name = name

        def __call__(self, report: Report) -> None: ...

        def suspect(self, what: str, number: int) -> None:
            heard.append((what, number, self.name))
            if self.name == 1:
                raise LookupError

    Pipeline([], [Suspicious(1), lambda _report: None, Suspicious(2)]).publish(report_with())
    assert heard == [("held", 1, 1), ("held", 1, 2), ("held", 2, 1), ("held", 2, 2)]


def test_errors_come_first_then_what_saves_most_statements_and_information_last() -> None:
    def found(kind: str, severity: Severity, saved: int) -> Finding:
        return Finding(kind, severity, "It is so", "Mend it", saved_statements=saved, saving=1.0 / saved)

    given = [found("a", "info", 9), found("b", "warning", 1), found("c", "error", 2), found("d", "warning", 3)]
    assert [finding.kind for finding in ranked(given)] == ["c", "d", "b", "a"]
    assert ranked(given[:1]) == (given[0],)


@pytest.mark.parametrize(
    ("kind", "changed", "noted"), [("http", 1, 1), ("http", 0, 0), ("http", None, 1), ("block", 1, 0)]
)
def test_pools_are_noted_once_a_request_has_judged_them(
    kind: Literal["http", "block"], changed: int | None, noted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, _ = running(Triggered())
    times: list[int] = []
    figures = None if changed is None else NOTHING._replace(changed_pools=changed)
    monkeypatch.setattr(WindowFigures, "read", lambda _self, _request: figures)
    monkeypatch.setattr(WindowFigures, "note_pools", lambda _self: times.append(1))
    report.at_end(REQUEST._replace(kind=kind))
    assert len(times) == noted
