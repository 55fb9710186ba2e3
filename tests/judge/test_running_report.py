"""One report, made for the headers and at the end: what it costs, and when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window
from query_guard.judge.pipeline import Pipeline
from query_guard.judge.running_report import RunningReport
from query_guard.records import Facts, Finding, LoopBlock, Request, Severity
from tests.clock import Clock

REQUEST = Request("http", "GET", "/", "/")


class Taking:
    """A detector that takes so many seconds of a clock, and finds something."""

    def __init__(self, clock: Clock, seconds: float, severity: Severity = "warning", *, at_end: bool = False) -> None:
        self.clock, self.seconds, self.severity, self.at_end = clock, seconds, severity, at_end

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        self.clock.now += self.seconds
        yield Finding("made_up", self.severity, "It is so", "Mend it")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [])
    clock = Clock()
    monkeypatch.setattr("query_guard.judge.running_report.perf_counter", clock)
    return clock


class Quiet:
    """A reporter that wants no report without findings."""

    def __call__(self, report: Any) -> None: ...

    def wants_quiet_reports(self) -> bool:
        return False


def running(*detectors: Any) -> tuple[RunningReport, Recorder, Pipeline]:
    recorder, pipeline = Recorder(), Pipeline(detectors, [Quiet()])
    return RunningReport(pipeline, recorder, Window(recorder), "id"), recorder, pipeline


def test_headers_and_report_cost_what_both_took(clock: Clock) -> None:
    report, _, pipeline = running(Taking(clock, 1.0), Taking(clock, 4.0, at_end=True))
    report.for_headers(REQUEST)
    assert pipeline.cost.judged == 0
    report.at_end(REQUEST)
    assert (pipeline.cost.judged, pipeline.cost.judging, pipeline.cost.reports) == (1, 9.0, 1)


def test_only_warnings_and_errors_are_in_the_headers(clock: Clock) -> None:
    report, _, _ = running(*[Taking(clock, 0.0, severity) for severity in ("info", "warning", "error")])
    _, findings = report.for_headers(REQUEST)
    assert [finding.severity for finding in findings] == ["error", "warning"]
    finished = report.at_end(REQUEST)
    assert finished is not None
    assert [finding.severity for finding in finished.findings] == ["error", "warning", "info"]


def test_where_nothing_is_triggered_and_nobody_wants_it_there_is_no_report(clock: Clock) -> None:
    slow = Taking(clock, 1.0)
    slow.triggers = {"longest_block": 0.1}  # type: ignore[attr-defined]  # of detectors of one's own
    report, _, pipeline = running(slow)
    assert report.for_headers(REQUEST)[1] == ()
    assert report.at_end(REQUEST) is None
    assert (pipeline.cost.judged, pipeline.cost.judging, pipeline.cost.reports) == (1, 0.0, 0)


@pytest.mark.parametrize("at_end", [False, True])
def test_what_was_triggered_for_the_headers_or_at_the_end_makes_a_report(clock: Clock, at_end: bool) -> None:
    slow = Taking(clock, 1.0, at_end=at_end)
    slow.triggers = {"longest_block": 0.1}  # type: ignore[attr-defined]  # of detectors of one's own
    report, recorder, _ = running(slow)
    if at_end:
        report.for_headers(REQUEST)
    recorder.loop_blocks = (LoopBlock(recorder.started, recorder.started + 0.2),)
    if not at_end:
        report.for_headers(REQUEST)
    finished = report.at_end(REQUEST)
    assert finished is not None
    assert len(finished.findings) == 1
