"""Promises of the README, each with a test that fails without it: what is left out, sampled, told, and how often."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import Facts, Finding
from query_guard.judge.verdict import judge, ranked
from query_guard.web import sampling
from query_guard.web.exchange import MAX_JUDGED_FOR_HEADERS
from tests.reports import facts_of
from tests.serving import guarded, visit

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


@pytest.fixture(autouse=True)
def close_database() -> Iterator[None]:
    yield
    engine.dispose()


def send(number: int = 1) -> None:
    with engine.connect() as connection:
        for n in range(number):
            connection.execute(text("SELECT :n"), {"n": n})


def sending(number: int = 1) -> Callable[..., Awaitable[None]]:
    """Return an endpoint that sends so many statements; not in threads, which would share the one connection."""

    async def endpoint() -> None:
        send(number)

    return endpoint


@pytest.mark.parametrize("path", ["/health/live", "/static/logo.png"])
@pytest.mark.asyncio
async def test_a_path_is_left_out_that_any_pattern_names(path: str) -> None:
    app, reports = guarded(exclude=("/health/*", "/static/*"))
    app.get("/{rest:path}")(sending())
    excluded, other = await visit(app, path, "/orders")
    assert "X-Query-Count" not in excluded.headers
    assert other.headers["X-Query-Count"] == "1"
    assert [report.request.route for report in reports] == ["/{rest:path}"]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.asyncio
async def test_the_sampled_share_has_details_and_all_are_counted(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "_chance", random.Random(7))
    expected = random.Random(7)
    app, reports = guarded(sample_rate=rate)
    app.get("/")(sending(2))
    responses = await visit(app, *["/"] * 50)
    detailed = [len(report.facts.statements) for report in reports]
    assert sorted(detailed) == sorted(2 if expected.random() < rate else 0 for _ in range(50))
    assert 0 < detailed.count(2) < 50
    assert {response.headers["X-Query-Count"] for response in responses} == {"2"}
    assert {report.query_count for report in reports} == {2}


@pytest.mark.asyncio
async def test_all_requests_are_sampled_unless_a_rate_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unlucky(random.Random):
        def random(self) -> float:
            return 0.9999

    monkeypatch.setattr(sampling, "_chance", Unlucky())
    app, reports = guarded()
    app.get("/")(sending(2))
    await visit(app, "/")
    assert [len(report.facts.statements) for report in reports] == [2]


def saying(*severities: Any) -> Any:
    def detector(_facts: Facts) -> list[Finding]:
        return [Finding(f"a_{severity}", severity, "It is so", "Mend it") for severity in severities]

    return detector


@pytest.mark.asyncio
async def test_warnings_and_errors_enter_headers_and_information_does_not() -> None:
    app, reports = guarded(detectors=[saying("info", "warning", "error")])
    app.get("/")(sending())
    (response,) = await visit(app, "/")
    assert response.headers["X-Query-Findings"] == "a_error=1, a_warning=1"
    (report,) = reports
    assert sorted(finding.kind for finding in report.findings) == ["a_error", "a_info", "a_warning"]
    assert sorted(finding.kind for finding in report.loud_findings) == ["a_error", "a_warning"]


@pytest.mark.asyncio
async def test_information_alone_has_no_header() -> None:
    app, reports = guarded(detectors=[saying("info")])
    app.get("/")(sending())
    (response,) = await visit(app, "/")
    assert "X-Query-Findings" not in response.headers
    assert [len(report.findings) for report in reports] == [1]


@pytest.mark.parametrize("number", [0, 1, MAX_JUDGED_FOR_HEADERS, MAX_JUDGED_FOR_HEADERS + 1])
@pytest.mark.asyncio
async def test_a_request_has_one_report(number: int) -> None:
    app, reports = guarded()
    app.get("/")(lambda: send(number))
    await visit(app, "/")
    assert [report.query_count for report in reports] == [number]


@pytest.mark.parametrize(("number", "pending"), [(500, False), (501, True)])
@pytest.mark.asyncio
async def test_findings_of_up_to_500_statements_are_known_before_the_response(number: int, pending: bool) -> None:
    app, _ = guarded()
    app.get("/")(lambda: send(number))
    (response,) = await visit(app, "/")
    assert (response.headers["X-Query-Findings"] == "pending") is pending


@pytest.mark.asyncio
async def test_statements_are_judged_once_and_ends_once_more() -> None:
    asked: list[str] = []

    class Of:
        def __init__(self, what: str, at_end: bool) -> None:
            self.what, self.at_end = what, at_end

        def __call__(self, _facts: Facts) -> list[Finding]:
            asked.append(self.what)
            return []

    app, reports = guarded(detectors=[Of("statements", False), Of("ends", True)])
    app.get("/")(sending(2))
    await visit(app, "/")
    assert asked == ["statements", "ends", "ends"]
    assert [report.query_count for report in reports] == [2]


def test_findings_are_ranked_by_what_mending_them_saves_the_loud_ones_first() -> None:
    made = [
        Finding("quiet", "info", "", "", saved_statements=9),
        Finding("small", "warning", "", "", saved_statements=1, saving=9.0),
        Finding("large", "warning", "", "", saved_statements=5, saving=0.1),
        Finding("fatal", "error", "", "", saved_statements=3),
    ]
    assert [finding.kind for finding in ranked(made)] == ["fatal", "large", "small", "quiet"]


def test_a_detector_that_fails_takes_no_other_with_it() -> None:
    def broken(_facts: Facts) -> list[Finding]:
        raise RuntimeError("broken detector of the promises")

    verdict = judge(facts_of(), [broken, saying("warning")])
    assert [finding.kind for finding in verdict.findings] == ["a_warning"]
