"""What the pipeline asks of reporters, and what it does where one of them fails: the guard's numbers stay right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from query_guard.judge.pipeline import Pipeline, report_id
from query_guard.own_errors import own_errors
from query_guard.records import Change, Report, Request
from tests.reports import REQUEST, report_with


@pytest.fixture(autouse=True)
def nothing_of_ours_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without listeners; what fails is a part of the application."""
    monkeypatch.setattr("query_guard.judge.pipeline.listeners", [])
    before = own_errors()
    yield
    assert own_errors(before) == {}


def quiet(_report: Report) -> None: ...


class Counting:
    """A reporter that takes numbers in place of reports, unless it fails."""

    def __init__(self, failure: type[Exception] | None = None) -> None:
        self.failure = failure
        self.counted: list[tuple[str, int]] = []
        self.reports: list[Report] = []

    def __call__(self, report: Report) -> None:
        self._fail()
        self.reports.append(report)

    def note_counted(self, request: Request, queries: int) -> None:
        self._fail()
        self.counted.append((request.name, queries))

    def watch_pools(self, pools: Callable[[], Any]) -> None:
        self._fail()
        self.pools = pools

    def request_span(self) -> str:
        self._fail()
        return "span"

    def suspect(self, *_suspicion: object) -> None:
        self._fail()

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def test_numbers_go_to_the_reporters_that_take_them() -> None:
    first, second = Counting(), Counting()
    pipeline = Pipeline([], [first, quiet, second])
    pipeline.note_counted(REQUEST, 7)
    assert pipeline.takes_counts
    assert first.counted == second.counted == [("GET /users", 7)]
    assert not Pipeline([], [quiet]).takes_counts


def test_reports_of_requests_that_were_only_counted_are_for_all_other_reporters() -> None:
    assert not Pipeline([], [Counting()]).wants_counted_reports()
    assert Pipeline([], [Counting(), quiet]).wants_counted_reports()
    assert Pipeline([], [Counting()]).wants_quiet_reports()


def test_a_reporter_that_fails_does_not_keep_the_others_from_anything() -> None:
    failing, other = Counting(LookupError), Counting()
    pipeline = Pipeline([], [failing, other])
    pipeline.note_counted(REQUEST, 7)
    report = report_with()
    pipeline.publish(report)
    assert (other.counted, other.reports) == ([("GET /users", 7)], [report])
    assert other.pools() is not None


def test_a_suspicion_that_a_reporter_cannot_take_is_no_failure_of_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_guard.judge.pipeline.due_suspicions", lambda: [("held", 1)])
    other = Counting()
    Pipeline([], [Counting(LookupError), other]).publish(report_with())
    assert len(other.reports) == 1


@pytest.mark.parametrize(
    ("reporters", "has_spans", "span"),
    [
        ([], False, None),
        ([quiet], False, None),
        ([quiet, Counting()], True, "span"),
        ([Counting(LookupError)], True, None),
    ],
)
def test_the_span_of_a_request_is_that_of_the_first_reporter_that_has_one(
    reporters: list[Any], has_spans: bool, span: str | None
) -> None:
    pipeline = Pipeline([], reporters)
    assert (pipeline.has_spans, pipeline.request_span()) == (has_spans, span)


def test_a_reporter_that_cannot_say_what_it_wants_is_no_failure_of_the_guard() -> None:
    def undecided(_report: Report) -> None: ...

    def fails() -> bool:
        raise LookupError

    undecided.wants_quiet_reports = fails  # type: ignore[attr-defined]  # of reporters of one's own
    assert Pipeline([], [undecided]).wants_quiet_reports()
    assert Pipeline([], [undecided]).wants_counted_reports()


def failing(_report: Report) -> None:
    raise LookupError


@pytest.mark.parametrize(
    ("reporter", "name"),
    [(Counting(LookupError), "Counting"), (failing, "failing"), (Counting(LookupError).__call__, "Counting.__call__")],
)
def test_the_log_names_a_reporter_that_fails(
    reporter: Any, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("query_guard.own_errors._logged", set())
    Pipeline([], [reporter]).publish(report_with())
    assert f"query_guard: reporter {name} failed: " in caplog.text


def test_a_report_is_published_with_what_has_changed() -> None:
    class Same:
        def of(self, report: Report) -> Change:
            return Change(1.0, 7, report.query_count)

    pipeline = Pipeline([], [quiet])
    pipeline.changes = Same()  # type: ignore[assignment]  # one that compares nothing
    report = report_with()
    pipeline.publish(report)
    assert report.change == Change(1.0, 7, report.query_count)


class Changes:
    def of(self, report: Report) -> Change:
        raise LookupError(report.id)


def test_where_reports_cannot_be_compared_they_are_published_all_the_same() -> None:
    reporter = Counting()
    pipeline = Pipeline([], [reporter])
    pipeline.changes = Changes()  # type: ignore[assignment]  # one that fails
    report = report_with()
    pipeline.publish(report)
    assert (reporter.reports, report.change) == ([report], None)


def test_the_time_of_all_reporters_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((100.0, 102.5))
    monkeypatch.setattr("query_guard.judge.pipeline.perf_counter", lambda: next(times))
    pipeline = Pipeline([], [quiet, quiet])
    pipeline.publish(report_with())
    assert pipeline.cost.reporting == 2.5


def test_the_id_of_a_report_has_sixteen_digits_and_is_another_each_time() -> None:
    ids = {report_id() for _ in range(200)}
    assert (len(ids), {len(each) for each in ids}) == (200, {16})
    assert min(ids) < "8" <= max(ids)
