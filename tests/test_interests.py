"""Detectors are asked where a window may interest them, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import time

import pytest

from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.capture.window.window import Window
from query_guard.detectors import DEFAULTS, Detector, defaults, judges_ends
from query_guard.judge.pipeline import Profile, RunningReport
from query_guard.judge.triggers import NOBODY, Interests
from query_guard.records import NOWHERE, Clues, Facts, Finding, LoopBlock, Outline, Report, Request

NOTHING = Outline(*[0] * len(Outline._fields))
REQUEST = Request("http", "GET", "/", "/")


class Asked:
    """A detector that says what it was asked."""

    def __init__(self, clues: Clues | None = None) -> None:
        self.clues = clues
        self.facts: list[Facts] = []

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        self.facts.append(facts)
        yield Finding("asked", "warning", "It was asked", "Nothing")


def test_a_detector_is_asked_from_the_least_of_its_clues_on() -> None:
    slow, wide = Asked({"longest_statement": 0.1}), Asked({"most_rows": 10, "longest_statement": 5.0})
    interests = Interests([slow, wide])

    def asked(**figures: float) -> list[Detector]:
        return [*(interests.asked(NOTHING._replace(**figures)) or NOBODY).steady]  # type: ignore[arg-type]

    assert asked() == []
    assert asked(longest_statement=0.1) == [slow]
    assert asked(most_rows=11) == [wide]
    assert asked(longest_statement=5) == [slow, wide]
    assert [asked(longest_statement=seconds) for seconds in (0.09, 0.1)] == [[], [slow]]
    assert interests.asked(NOTHING) is None
    assert interests.asked(None) == ((slow, wide), (), False)


def test_a_detector_without_clues_is_always_asked() -> None:
    always = Asked()
    interests = Interests([Asked({"writes": 1}), always])
    assert interests.asked(NOTHING) == ((always,), (), True)


def test_a_clue_that_is_no_figure_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the clue 'longest' of Asked is no figure of an outline: repeated, "):
        Interests([Asked({"longest": 1})])


@pytest.mark.parametrize("make", DEFAULTS)
def test_every_default_detector_has_clues(make: Callable[[], Detector]) -> None:
    """Otherwise it would be asked, and facts made for it, in each request of each application."""
    assert Interests([make()]).asked(NOTHING) is None


ASKED_FROM: dict[str, Clues] = {
    "NPlusOne": {"repeated": 1},
    "DuplicateStatement": {"repeated": 1},
    "SlowStatement": {"longest_statement": 0.1},
    "FailedStatement": {"failed_statements": 1},
    "MissingGreenlet": {"failed_loads": 1},
    "CartesianProduct": {"joins": 1},
    "LargeResult": {"most_rows": 10_000},
    "StatementBudget": {"beyond_budget": 1, "statements": 51},
    "WriteInReadRequest": {"writes_in_read": 1},
    "BlockingDriver": {"blocking_statements": 1},
}
AT_END: dict[str, Clues] = {
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


def test_each_default_is_asked_from_where_it_may_find_something() -> None:
    """One that is asked later finds nothing, and no test of the detector alone would notice."""
    clues: dict[bool, dict[str, Clues]] = {False: {}, True: {}}
    for detector in defaults():
        clues[judges_ends(detector)][type(detector).__name__] = getattr(detector, "clues", {})
    assert clues == {False: ASKED_FROM, True: AT_END}


def test_nothing_interests_the_defaults_in_an_empty_window() -> None:
    assert Interests(defaults()).asked(NOTHING) is None


def running(*detectors: Detector) -> tuple[RunningReport, Recorder]:
    recorder = Recorder()
    return RunningReport(Profile(detectors, [lambda _report: None]), recorder, Window(recorder), "id"), recorder


def test_what_was_judged_for_the_headers_is_not_judged_again() -> None:
    always, ends = Asked(), Asked({"longest_block": 0.1})
    ends.at_end = True  # type: ignore[attr-defined]
    report, recorder = running(always, ends)
    recorder.loop_blocks = (LoopBlock(recorder.started, recorder.started + 0.2),)
    _, headers = report.at_a_glance(REQUEST)
    finished = report.at_end(REQUEST)
    assert (len(always.facts), len(ends.facts)) == (1, 2)
    assert [finding.kind for finding in headers] == ["asked", "asked"]
    assert finished is not None
    assert len(finished.findings) == 2


def test_a_report_begins_before_it_ends() -> None:
    report, recorder = running(Asked())
    recorder.started -= 5.0
    before = time()
    finished = report.at_end(REQUEST)
    assert finished is not None
    assert before - 5.5 < finished.started_at <= time() - 5.0


def test_a_reporter_hears_of_quiet_reports_unless_it_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [])

    class Deaf:
        hears = False

        def __call__(self, report: Report) -> None: ...

        def hears_of_quiet_reports(self) -> bool:
            return self.hears

    deaf = Deaf()
    assert not Profile([], []).hears_of_quiet_reports()
    assert not Profile([], [deaf]).hears_of_quiet_reports()
    assert Profile([], [deaf, lambda _report: None]).hears_of_quiet_reports()
    deaf.hears = True
    assert Profile([], [deaf]).hears_of_quiet_reports()


def test_what_comes_after_the_headers_is_judged_though_no_statement_follows() -> None:
    always, loads = Asked(), Asked({"failed_loads": 1})
    recorder = Recorder()
    running = RunningReport(Profile([always, loads], ()), recorder, Window(recorder), "id")
    running.at_a_glance(REQUEST)
    recorder.add_failed_load(FailedLoadRow(0, None, NOWHERE, 0, 0))
    running.at_end(REQUEST)
    assert len(loads.facts) == 1
    assert len(loads.facts[0].failed_loads) == 1


def test_a_plain_function_may_have_clues_too() -> None:
    def slow(_facts: Facts) -> Iterator[Finding]:
        yield from ()

    slow.clues = {"longest_statement": 0.05}  # type: ignore[attr-defined]
    assert Interests([slow]).asked(NOTHING) is None
    assert Interests([slow]).asked(NOTHING._replace(longest_statement=0.06)) == ((slow,), (), False)
