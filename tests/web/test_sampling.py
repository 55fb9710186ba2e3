"""Which requests are recorded in detail, and what is said of the others."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from query_guard.debug.aggregates import by_route
from query_guard.document.report import document, summary
from query_guard.document.sentence import sentence
from query_guard.history.memory import MemoryHistory
from query_guard.records import Finding, Report
from query_guard.reporters.log import LogReporter
from query_guard.web.sampling import Sampling
from tests.reports import facts_of, report_with
from tests.serving import KEY, WITH_KEY, client_of, guarded, visit

UNSAMPLED = replace(report_with(facts=facts_of(query_count=5, dropped=5)), sampled=False)
SLOW = Finding("pool_wait", "warning", "It waited", "Mend it")
SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/"}


@pytest.mark.asyncio
async def test_a_function_of_the_scope_says_how_many() -> None:
    engine = create_engine("sqlite://")

    def send() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    app, reports = guarded(sample_rate=lambda scope: (scope["path"] == "/checkout" and 1) or 0)
    for path in ("/checkout", "/health"):
        app.get(path)(send)
    for path in ("/checkout", "/health") * 2:
        await visit(app, path)
    engine.dispose()
    assert [(report.request.route, report.sampled, len(report.facts.statements)) for report in reports] == [
        ("/checkout", True, 1), ("/health", False, 0),
    ] * 2  # fmt: skip
    assert {report.query_count for report in reports} == {1}


async def awaited(_scope: Any) -> float:
    return 0.0


class OnlySeemsSync:
    """It returns what must be awaited, and does not look like it."""

    def __call__(self, scope: Any) -> Any:
        return awaited(scope)


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (lambda scope: 1.5, "1.5"),
        (lambda scope: None, "None"),
        (lambda scope: True, "True"),
        (lambda scope: "secret", "str"),
        (OnlySeemsSync(), "coroutine"),
    ],
)
def test_a_function_that_returns_no_rate_records_the_request_and_is_named_once(
    rate: Any, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    sampling = Sampling(rate)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [sampling.takes(SCOPE) for _ in range(3)] == [True] * 3
    assert [record.getMessage() for record in caplog.records] == [
        f"query_guard: sample_rate must return a number from 0 to 1, and returned {shown}; such requests are recorded "
        "in detail until it does (said once)"
    ]


def test_a_function_that_raises_records_the_request_and_is_named_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query_guard.own_errors._logged", set())
    sampling = Sampling(lambda scope: 1 / scope["nothing"])
    assert [sampling.takes(SCOPE) for _ in range(3)] == [True] * 3
    assert ["sample_rate failed, and the request was recorded" in record.getMessage() for record in caplog.records] == [
        True
    ]


@pytest.mark.parametrize(("rate", "taken"), [(0.5, [True, False]), (lambda _: 0.5, [True, False])])
def test_a_rate_is_a_share(rate: Any, taken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    class Chance:
        def __init__(self) -> None:
            self.numbers: Iterator[float] = iter((0.49, 0.5))

        def random(self) -> float:
            return next(self.numbers)

    monkeypatch.setattr("query_guard.web.sampling._chance", Chance())
    sampling = Sampling(rate)
    assert not sampling.always
    assert [sampling.takes(SCOPE), sampling.takes(SCOPE)] == taken


def logged(report: Report, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    caplog.clear()
    with caplog.at_level("INFO", "query_guard"):
        LogReporter()(report)
    values: dict[str, Any] = vars(caplog.records[0])["query_guard"]
    return values


def test_a_request_that_was_only_counted_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert sentence(UNSAMPLED) == "GET /users: 5 queries in 0.0 ms, not sampled"
    assert [each["sampled"] for each in (document(UNSAMPLED), summary(UNSAMPLED), summary(report_with()))] == [
        False, False, True,
    ]  # fmt: skip
    found = [logged(report, caplog) for report in (UNSAMPLED, replace(UNSAMPLED, findings=(SLOW,)), report_with())]
    assert [(values["sampled"], values["findings"]) for values in found] == [
        (False, None), (False, {"pool_wait": 1}), (True, {}),
    ]  # fmt: skip


def test_of_a_route_it_is_said_how_many_were_sampled() -> None:
    def row(*reports: Report) -> tuple[Any, ...]:
        (only,) = by_route(list(reports))
        return only["requests"], only["sampled"], only["findings"]

    assert row(UNSAMPLED, UNSAMPLED) == (2, 0, None)
    assert row(UNSAMPLED, report_with()) == (2, 1, {})
    assert row(UNSAMPLED, replace(UNSAMPLED, findings=(SLOW,))) == (2, 0, {"pool_wait": 1})


@pytest.mark.asyncio
async def test_lists_say_how_many_were_sampled() -> None:
    history = MemoryHistory()
    for number, report in enumerate((UNSAMPLED, report_with(), UNSAMPLED)):
        history.add(replace(report, id=f"{number}"))
    app, _ = guarded(debug=True, debug_token=KEY, history=history)
    async with client_of(app) as client:
        answers = [
            (await client.get(f"/__query_guard__/api/{name}", headers=WITH_KEY)).json()
            for name in ("requests", "statements")
        ]
        text_list = (await client.get("/__query_guard__/", headers=WITH_KEY)).text
    assert [answer["sampled"] for answer in answers] == [1, 1]
    assert answers[1]["requests"] == 3
    assert text_list.splitlines()[-1].startswith("3 reports, 1 of them sampled; ")
