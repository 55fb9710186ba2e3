"""A request that is not sampled: counted exactly, and nothing else of it is recorded but what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from math import inf
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from query_guard import query_budget, record
from query_guard.capture.hooks import checkouts
from query_guard.capture.live.counting_window import CountingWindow
from query_guard.capture.live.event_loop import heartbeat_here
from query_guard.capture.live.holders import live_pools
from query_guard.capture.live.pools import watch_of
from query_guard.capture.window.window import current
from query_guard.document.pools import live_pool_document
from query_guard.judge import budgets, pipeline
from query_guard.records import Facts, Report, Request
from query_guard.reporters import Reporter
from tests.clock import Clock
from tests.serving import guarded, visit

pytestmark = pytest.mark.query_guard(mode="off")  # a test that is recorded has the details of all it does


@pytest.fixture(autouse=True)
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the budgets that other tests have declared, and the run of tests, which listens to all reports."""
    monkeypatch.setattr(budgets, "_least", [inf])
    monkeypatch.setattr(pipeline, "listeners", [])


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    yield engine
    engine.dispose()


def send(engine: Engine, number: int) -> None:
    with engine.connect() as connection:
        for n in range(number):
            connection.execute(text("SELECT :n"), {"n": n})
        with contextlib.suppress(ZeroDivisionError), connection.begin_nested():
            raise ZeroDivisionError


def counting(engine: Engine, number: int = 1, **options: Any) -> tuple[FastAPI, list[Report]]:
    app, reports = guarded(sample_rate=0, **options)

    @app.get("/")
    async def endpoint() -> None:
        send(engine, number)

    return app, reports


@pytest.mark.asyncio
async def test_its_headers_say_what_was_counted_and_nothing_of_the_pool(engine: Engine) -> None:
    app, reports = counting(engine, 3)
    [response] = await visit(app, "/")
    assert response.headers["X-Query-Count"] == "3"
    assert "X-Query-Pool" not in response.headers
    assert float(response.headers["X-Query-Time-Ms"]) > 0
    assert [(report.query_count, report.facts.checkouts, report.facts.transactions) for report in reports] == [
        (3, (), ())
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("sample_rate", [0, 1])
@pytest.mark.parametrize(("seconds", "waits"), [(0.0, (0, 0.0)), (0.5, (2, 1.0))], ids=["a free pool", "a wait"])
async def test_the_ping_of_a_connection_is_no_wait_for_the_pool(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, sample_rate: int, seconds: float, waits: tuple[int, float]
) -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, pool_pre_ping=True)
    send(engine, 1)  # makes the connection, outside of any request
    clock.move(1.0)
    pings: list[object] = []

    def ping(connection: object) -> bool:
        pings.append(connection)
        clock.move(0.25)
        return True

    monkeypatch.setattr(engine.dialect, "do_ping", ping)
    event.listen(engine, "checkout", lambda *_: clock.move(seconds) and None)
    app, _ = guarded(sample_rate=sample_rate)

    @app.get("/")
    async def endpoint() -> None:
        send(engine, 1)

    for _ in range(2):
        await visit(app, "/")
    watch = watch_of(engine.pool)
    assert (len(pings), watch.waits, watch.wait_time) == (2, *waits)
    engine.dispose()


@pytest.mark.asyncio
async def test_a_block_inside_it_is_recorded_in_detail(engine: Engine) -> None:
    app, _ = guarded(sample_rate=0)
    kept = []

    @app.get("/")
    async def endpoint() -> None:
        with record("block") as recording:
            send(engine, 2)
        kept.append(recording.report)

    [response] = await visit(app, "/")
    assert response.headers["X-Query-Count"] == "2"
    [report] = kept
    assert [len(report.facts.statements), len(report.facts.checkouts), len(report.facts.transactions)] == [2, 1, 1]


@pytest.mark.asyncio
async def test_a_block_around_it_is_recorded_in_detail(engine: Engine) -> None:
    app, _ = counting(engine, 2)
    with record("around") as recording:
        await visit(app, "/")
    assert [len(recording.report.facts.statements), len(recording.report.facts.checkouts)] == [2, 1]


@pytest.mark.asyncio
async def test_the_connection_that_it_holds_is_counted_as_unseen(engine: Engine) -> None:
    app, _ = guarded(sample_rate=0)
    pools: list[dict[str, Any]] = []

    @app.get("/")
    async def endpoint() -> None:
        with engine.connect():
            pools.extend(live_pool_document(*pool) for pool in live_pools() if pool[0].serial == serial)

    serial = watch_of(engine.pool).serial
    await visit(app, "/")
    assert [(pool["checked_out"], pool["holders"], pool["unseen"]) for pool in pools] == [(1, [], 1)]


@pytest.mark.asyncio
async def test_a_recorded_checkout_knows_of_connections_that_it_holds() -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=3)
    app, _ = guarded(sample_rate=0)

    @app.get("/")
    async def endpoint() -> None:
        with engine.connect(), record() as recording, engine.connect():
            pass
        [checkout] = recording.report.facts.checkouts
        assert checkout.held_in_pool == 2

    await visit(app, "/")
    engine.dispose()


@pytest.mark.asyncio
async def test_a_timeout_of_the_pool_is_found(engine: Engine) -> None:
    app, reports = guarded(sample_rate=0)

    @app.get("/")
    async def endpoint() -> None:
        with engine.connect(), pytest.raises(PoolTimeout):
            engine.connect()

    [response] = await visit(app, "/")
    assert response.headers["X-Query-Findings"] == "pool_timeout=1"
    assert [finding.kind for report in reports for finding in report.findings] == ["pool_timeout"]


@pytest.mark.asyncio
async def test_a_noticed_wait_and_the_making_of_a_connection_enter_the_sums_of_the_pool(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkouts, "NOTICED_WAIT", -1.0)
    app, _ = counting(engine)
    await visit(app, "/", "/")
    watch = watch_of(engine.pool)
    assert (watch.connects, watch.waits) == (1, 2)


@pytest.mark.asyncio
async def test_no_heartbeat_begins_for_it(engine: Engine) -> None:
    app, _ = guarded(sample_rate=0)
    windows = []

    @app.get("/")
    async def endpoint() -> None:
        heartbeat = heartbeat_here()
        windows.append(heartbeat.windows if heartbeat is not None else 0)

    await visit(app, "/")
    assert windows == [0]


def budgeted(engine: Engine, number: int) -> Callable[[], Any]:
    @query_budget(max_queries=1)
    async def endpoint() -> None:
        send(engine, number)

    return endpoint


@pytest.mark.parametrize(("number", "found"), [(1, None), (2, "statement_budget=1")])
@pytest.mark.asyncio
async def test_a_declared_budget_holds(engine: Engine, number: int, found: str | None) -> None:
    app, _ = guarded(sample_rate=0)
    app.get("/")(budgeted(engine, number))
    [response] = await visit(app, "/")
    assert response.headers.get("X-Query-Findings") == found


@pytest.mark.parametrize(("number", "found"), [(1, None), (2, "statement_budget=1")])
@pytest.mark.asyncio
async def test_a_budget_of_the_options_holds(engine: Engine, number: int, found: str | None) -> None:
    app, _ = counting(engine, number, budgets={"GET /": 1})
    [response] = await visit(app, "/")
    assert response.headers.get("X-Query-Findings") == found


class Quiet:
    """A reporter that wants only reports with findings."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def wants_quiet_reports(self) -> bool:
        return False

    def __call__(self, report: Report) -> None:
        self.reports.append(report)


@pytest.mark.parametrize(("number", "found"), [(50, []), (51, ["statement_budget"])])
@pytest.mark.asyncio
async def test_many_statements_are_mentioned_also_where_nobody_wants_quiet_reports(
    engine: Engine, number: int, found: list[str]
) -> None:
    reporter = Quiet()
    app, _ = counting(engine, number, reporters=[reporter])
    await visit(app, "/")
    assert [finding.kind for report in reporter.reports for finding in report.findings] == found


@pytest.mark.asyncio
async def test_a_detector_without_triggers_is_asked(engine: Engine) -> None:
    counts: list[int] = []

    def detector(facts: Facts) -> tuple[()]:
        counts.append(facts.query_count)
        return ()

    app, _ = counting(engine, 2, detectors=[detector], reporters=[Quiet()])
    await visit(app, "/")
    assert set(counts) == {2}


@pytest.mark.parametrize("number", [499, 500, 501, 1_700])
@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.asyncio
async def test_any_number_of_statements_is_counted_exactly(engine: Engine, number: int, quiet: bool) -> None:
    reports: list[Report] = []
    app, _ = counting(engine, number, detectors=[], reporters=[Quiet() if quiet else reports.append])
    [response] = await visit(app, "/")
    assert response.headers["X-Query-Count"] == str(number)
    assert [report.query_count for report in reports] == ([] if quiet else [number])


@pytest.mark.parametrize("number", [0, 3, 700])
@pytest.mark.parametrize("options", [{}, {"reporters": [Quiet()]}, {"headers": False, "budgets": {"GET /": 1}}])
@pytest.mark.asyncio
async def test_its_window_keeps_nothing_after_its_end_and_counts_what_is_late(
    engine: Engine, number: int, options: dict[str, Any]
) -> None:
    app, _ = guarded(sample_rate=0, **options)
    windows: list[CountingWindow] = []
    answered = asyncio.Event()
    later: list[asyncio.Task[None]] = []

    async def send_later() -> None:
        await answered.wait()
        send(engine, 2)

    @app.get("/")
    async def endpoint() -> None:
        window = current.get()
        assert isinstance(window, CountingWindow)
        windows.append(window)
        send(engine, number)
        later.append(asyncio.create_task(send_later()))

    await visit(app, "/")
    answered.set()
    await asyncio.gather(*later)
    [window] = windows
    assert (window.counted, window.recorder, window.describe, window.stages) == ([], None, None, None)
    assert (window.is_sealed, window.late.count) == (True, 2)


class Counts(Quiet):
    """A reporter that takes numbers, and wants all reports of other requests."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[tuple[str, int | None, str | None, int]] = []

    def wants_quiet_reports(self) -> bool:
        return True

    def note_counted(self, request: Request, queries: int) -> None:
        self.counts.append((request.name, request.status, request.exception, queries))


def answering(engine: Engine, *reporters: Reporter, **options: Any) -> FastAPI:
    app, _ = guarded(reporters=reporters, **options)

    @app.get("/users/{number}")
    async def endpoint(number: int) -> None:
        send(engine, number)
        if number == 3:
            raise LookupError
        if number == 4:
            with engine.connect(), pytest.raises(PoolTimeout):
                engine.connect()

    return app


@pytest.mark.parametrize("debug", [False, True], ids=["in production", "in development"])
@pytest.mark.asyncio
async def test_a_reporter_that_takes_numbers_gets_those_and_the_reports_of_findings(
    engine: Engine, debug: bool
) -> None:
    counts, others = Counts(), Quiet()
    history = {"debug": True, "debug_token": "the key of the debug endpoint"} if debug else {}
    await visit(answering(engine, counts, others, sample_rate=0, **history), *[f"/users/{n}" for n in range(5)], "/no")
    name = "GET /users/{number}"
    numbers = [(name, 200, None, n) for n in range(3)]
    failed, unknown = (name, 500, "LookupError", 3), ("GET (no route)", 404, None, 0)
    expected = [] if debug else [*numbers, failed, unknown]  # the history of the debug endpoint has a report of each
    assert sorted(counts.counts, key=str) == sorted(expected, key=str)
    of_findings = [(report.request.name, report.query_count) for report in counts.reports if report.findings]
    assert of_findings == [(name, 4)]
    assert len(counts.reports) == (6 if debug else 1)
    assert [report.id for report in others.reports] == [report.id for report in counts.reports]


@pytest.mark.asyncio
async def test_a_reporter_that_takes_numbers_gets_the_reports_where_another_wants_them(engine: Engine) -> None:
    counts, reports = Counts(), list[Report]()
    await visit(answering(engine, counts, reports.append, sample_rate=0), "/users/2")
    assert (counts.counts, counts.reports) == ([], reports)
    assert [(report.query_count, report.sampled) for report in reports] == [(2, False)]


@pytest.mark.asyncio
async def test_of_sampled_requests_it_gets_the_reports(engine: Engine) -> None:
    counts = Counts()
    await visit(answering(engine, counts), "/users/2")
    assert (counts.counts, [report.sampled for report in counts.reports]) == ([], [True])


@pytest.mark.asyncio
async def test_a_reporter_that_fails_with_a_number_is_logged_and_the_next_one_gets_it(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Counts):
        def note_counted(self, request: Request, queries: int) -> None:
            raise ZeroDivisionError

    counts = Counts()
    [response] = await visit(answering(engine, Failing(), counts, sample_rate=0), "/users/2")
    assert (response.status_code, [queries for *_, queries in counts.counts]) == (200, [2])
    assert "Failing.note_counted failed" in caplog.text
