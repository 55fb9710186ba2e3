"""Metrics of OpenTelemetry, as its SDK collects them."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tracemalloc
from typing import Any

import pytest
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.metrics.export import Histogram
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from query_guard.records import Finding, Report, Request
from query_guard.reporters.telemetry import TelemetryReporter
from tests.databases import Database
from tests.reporters.collected import POOL, STATE, Telemetry, points
from tests.reports import REQUEST, checkout, facts_of, pool, report_with, statement
from tests.serving import client_of, guarded, visit

SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
"""The advice of the semantic conventions."""
OF_POOLS = {f"db.client.connection.{name}" for name in ("count", "max", "pending_requests")}
NARROW: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "pool_logging_name": "primary"}


def reported(*reports: Any) -> Telemetry:
    telemetry = Telemetry()
    reporter = TelemetryReporter(telemetry.meter_provider)
    for report in reports:
        reporter(report)
    return telemetry


def test_a_report_becomes_metrics_with_the_names_and_units_of_the_conventions() -> None:
    loop = Finding("n_plus_one", "warning", "Posts are loaded one by one", "Load them at once")
    slow = Finding("slow_statement", "info", "It was slow", "Mend it")
    facts = facts_of(
        statement(1, duration=0.25),
        statement(2, duration=0.5),
        statement(3, duration=1.0, operation="INSERT", tables=("users",), error="IntegrityError"),
        statement(4, duration=2.0, tables=("users", "posts")),
        checkouts=(checkout(wait=0.25, created=0.5, hold=4.0), checkout(serial=2, hold=None, outcome="late")),
        pools=(pool(name="primary"),),
    )
    metrics = reported(report_with(loop, loop, slow, facts=facts)).metrics()
    assert {name: (metric.unit, points(metric)) for name, metric in metrics.items()} == {
        "query_guard.request.queries": ("{query}", {("GET", "/users"): (1, 4)}),
        "query_guard.findings": (
            "{finding}",
            {("GET", "/users", "n_plus_one", "warning"): 2, ("GET", "/users", "slow_statement", "info"): 1},
        ),
        "db.client.operation.duration": (
            "s",
            {
                ("posts", "SELECT", "postgresql"): (2, 0.75),
                ("users", "INSERT", "postgresql", "IntegrityError"): (1, 1.0),
                ("SELECT", "postgresql"): (1, 2.0),
            },
        ),
        "db.client.connection.create_time": ("s", {("primary",): (1, 0.5)}),
        "db.client.connection.wait_time": ("s", {("primary", "GET", "/users"): (2, 0.25)}),
        "db.client.connection.use_time": ("s", {("primary", "GET", "/users"): (1, 4.0)}),
    }
    bounds = {
        name: metric.data.data_points[0].explicit_bounds
        for name, metric in metrics.items()
        if isinstance(metric.data, Histogram)
    }
    of_queries = bounds.pop("query_guard.request.queries")
    assert (of_queries, {*bounds.values()}) == ((0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), {SECONDS})


def test_the_attributes_have_the_names_of_the_conventions() -> None:
    facts = facts_of(statement(error="DataError"), checkouts=(checkout(),), pools=(pool(name="primary"),))
    metrics = reported(report_with(Finding("own", "warning", "It is slow", "Mend it"), facts=facts)).metrics()
    attributes = {name: sorted(metric.data.data_points[0].attributes or ()) for name, metric in metrics.items()}
    request = ["http.request.method", "http.route"]
    assert attributes == {
        "query_guard.request.queries": request,
        "query_guard.findings": [*request, "query_guard.finding.kind", "query_guard.finding.severity"],
        "db.client.operation.duration": [
            "db.collection.name", "db.operation.name", "db.system.name", "error.type",
        ],
        "db.client.connection.wait_time": [POOL, *request],
        "db.client.connection.use_time": [POOL, *request],
    }  # fmt: skip


def test_a_checkout_without_a_connection_has_a_wait_and_a_timeout_but_no_use() -> None:
    lost = [
        checkout(serial=serial, outcome=outcome, wait=wait, hold=0.0)
        for serial, (outcome, wait) in enumerate(
            [("timeout", 30.0), ("cancelled", 2.0), ("cancelled", 0.0), ("failed", 0.0)]
        )
    ]
    metrics = reported(report_with(facts=facts_of(checkouts=tuple(lost), pools=(pool(name="primary"),)))).metrics()
    of_pools = {name: points(metric) for name, metric in metrics.items() if name.startswith("db.client.connection")}
    assert of_pools == {
        "db.client.connection.timeouts": {("primary", "GET", "/users"): 1},
        "db.client.connection.wait_time": {("primary", "GET", "/users"): (2, 32.0)},
    }


@pytest.mark.asyncio
@pytest.mark.query_guard(mode="off")  # a test that is recorded has the details of all it does
async def test_of_requests_that_are_not_sampled_statements_and_timeouts_are_counted_and_no_time_is_known(
    database: Database,
) -> None:
    narrow = Database(database.driver, database.url, **NARROW, pool_timeout=0.01)
    telemetry = Telemetry()
    app, _ = guarded(reporters=[TelemetryReporter(telemetry.meter_provider)], sample_rate=0)

    @app.get("/")
    async def time_out(statements: int, timeouts: int) -> None:
        def work(session: Any) -> None:
            for _ in range(statements):
                session.execute(text("SELECT 1"))
            for _ in range(timeouts):
                with pytest.raises(PoolTimeout):
                    session.get_bind().connect()

        await narrow.run(work)

    await visit(app, "/?statements=7&timeouts=0")
    await visit(app, "/?statements=2&timeouts=1")
    metrics = telemetry.metrics()
    await narrow.dispose()
    of_requests = {name: points(metric) for name, metric in metrics.items() if name not in OF_POOLS}
    assert of_requests == {
        "query_guard.request.queries": {("GET", "/"): (2, 9)},
        "query_guard.findings": {("GET", "/", "pool_timeout", "error"): 1},
        "db.client.connection.timeouts": {("primary", "GET", "/"): 1},
    }


@pytest.mark.parametrize(
    ("request_", "values"),
    [
        (REQUEST._replace(method="BREW"), ("_OTHER", "/users")),
        (Request("http", "GET", None), ("GET",)),
        (Request("websocket", "WEBSOCKET", "/talk", "/talk"), ("WEBSOCKET", "/talk")),
        (Request("block", "", "nightly job"), ("nightly job",)),
    ],
    ids=["an invented method", "no route", "a websocket", "a block"],
)
def test_a_client_cannot_invent_attributes(request_: Request, values: tuple[str, ...]) -> None:
    metrics = reported(report_with(facts=facts_of(request=request_))).metrics()
    assert points(metrics["query_guard.request.queries"]) == {values: (1, 0)}


def test_of_endless_tables_and_pools_the_first_two_hundred_have_names() -> None:
    reports = [
        report_with(
            facts=facts_of(
                statement(tables=(f"table_{number}",)), checkouts=(checkout(),), pools=(pool(name=f"pool {number}"),)
            )
        )
        for number in range(300)
    ]
    metrics = reported(*reports).metrics()
    tables = points(metrics["db.client.operation.duration"])
    pools = points(metrics["db.client.connection.use_time"])
    assert (len(tables), tables["_OTHER", "SELECT", "postgresql"][0]) == (201, 100)
    assert (len(pools), pools["_OTHER", "GET", "/users"][0]) == (201, 100)


def test_a_dialect_is_named_as_the_conventions_name_its_system() -> None:
    engine = statement().engine
    rows = [statement(engine=engine._replace(dialect=name), tables=()) for name in ("mssql", "oracle", "sqlite")]
    metrics = reported(report_with(facts=facts_of(*rows))).metrics()
    systems = {system for _, system in points(metrics["db.client.operation.duration"])}
    assert systems == {"microsoft.sql_server", "oracle.db", "sqlite"}


@pytest.mark.asyncio
@pytest.mark.query_guard(mode="off")  # a test that is recorded has the details of all it does
@pytest.mark.parametrize("sample_rate", [1, 0], ids=["sampled", "not sampled"])
async def test_live_pools_say_who_uses_waits_and_how_many_there_may_be(database: Database, sample_rate: float) -> None:
    narrow = Database(database.driver, database.url, **NARROW)
    telemetry = Telemetry()
    app, _ = guarded(reporters=[TelemetryReporter(telemetry.meter_provider)], sample_rate=sample_rate)
    may_end = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hold_async() -> None:
        async with narrow.async_session() as session:
            await session.execute(text("SELECT 1"))
            await may_end.wait()

    def hold() -> None:
        with narrow.session() as session:
            session.execute(text("SELECT 1"))
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result()

    app.get("/")(hold_async if database.is_async else hold)
    async with client_of(app) as client:
        requests = [asyncio.create_task(client.get("/")) for _ in range(4)]
        while (held := _of_pool(telemetry, "primary"))["pending_requests"] != 3:
            await asyncio.sleep(0.01)
        may_end.set()
        assert [(await request).status_code for request in requests] == [200] * 4
    free = _of_pool(telemetry, "primary")
    await narrow.dispose()
    assert held == {"used": 1, "idle": 0, "max": 1, "pending_requests": 3}
    assert free == {"used": 0, "idle": 1, "max": 1, "pending_requests": 0}


def _of_pool(telemetry: Telemetry, name: str) -> dict[str, Any]:
    """Return the numbers of a pool; of one that nobody has used yet, nobody waits."""
    numbers: dict[str, Any] = {"pending_requests": 0}
    for metric in telemetry.metrics().values():
        for point in metric.data.data_points:
            attributes = point.attributes or {}
            if attributes.get(POOL) == name and hasattr(point, "value"):
                numbers[str(attributes.get(STATE) or metric.name.removeprefix("db.client.connection."))] = point.value
    return numbers


@pytest.mark.asyncio
async def test_a_pool_of_the_default_name_and_a_timeout_in_it(database: Database) -> None:
    narrow = Database(database.driver, database.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
    telemetry = Telemetry()
    reports: list[Report] = []
    app, _ = guarded(reporters=[TelemetryReporter(telemetry.meter_provider), reports.append])

    async def time_out() -> None:
        def twice(session: Any) -> None:
            session.connection()
            with pytest.raises(PoolTimeout):
                session.get_bind().connect()

        await narrow.run(twice)

    app.get("/{number}")(time_out)
    await visit(app, "/1", "/2")
    metrics = telemetry.metrics()
    (name,) = {pool.name for report in reports for pool in report.facts.pools}
    await narrow.dispose()
    assert name == str(reports[0].facts.pools[0].engine)
    assert points(metrics["db.client.connection.timeouts"])[name, "GET", "/{number}"] >= 2
    created, seconds = points(metrics["db.client.connection.create_time"])[name,]
    assert (created, seconds > 0) == (1, True)


@pytest.mark.asyncio
async def test_two_reporters_of_one_process_count_its_pools_once(database: Database) -> None:
    telemetry = Telemetry()
    apps = [guarded(reporters=[TelemetryReporter(telemetry.meter_provider)])[0] for _ in range(2)]
    for app in apps:

        @app.get("/")
        async def read() -> None:
            await database.run(lambda session: session.execute(text("SELECT 1")))

        await visit(app, "/")
    metrics = telemetry.metrics()
    name = str(database.sync_engine.dialect.__dict__["_query_guard_seen"][0])
    assert points(metrics["query_guard.request.queries"]) == {("GET", "/"): (2, 2)}
    assert points(metrics["db.client.connection.count"])[name, "idle"] == 1


def test_pools_that_cannot_be_read_are_an_own_error_and_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()

    def broken() -> Any:
        raise LookupError

    reporter = TelemetryReporter(telemetry.meter_provider)
    reporter.watch_pools(broken)
    reporter(report_with())
    assert [*telemetry.metrics()] == ["query_guard.request.queries"]
    assert [record.getMessage()[:56] for record in caplog.records] == [
        "query_guard: the pools could not be read for metrics: bu"
    ]


@pytest.mark.asyncio
async def test_beside_the_instrumentation_of_sqlalchemy_no_metric_has_two_senders(database: Database) -> None:
    telemetry = Telemetry()
    app, _ = guarded(reporters=[TelemetryReporter(telemetry.meter_provider)])

    @app.get("/")
    async def read() -> None:
        await database.run(lambda session: session.execute(text("SELECT 1")))

    instrumentor = SQLAlchemyInstrumentor()
    instrumentor.instrument(
        skip_dep_check=True,  # it says that it is for SQLAlchemy 2.0
        engine=database.sync_engine,
        meter_provider=telemetry.meter_provider,
        tracer_provider=telemetry.tracer_provider,
    )
    try:
        await visit(app, "/", "/")
    finally:
        instrumentor.uninstrument()
    theirs = "opentelemetry.instrumentation.sqlalchemy"
    scopes = telemetry.scopes()
    assert scopes["db.client.connections.usage"] == {theirs}
    assert [name for name, senders in scopes.items() if len(senders) > 1] == []
    assert points(telemetry.metrics()["query_guard.request.queries"]) == {("GET", "/"): (2, 2)}
    assert telemetry.spans(db_statement="SELECT 1")


def test_memory_stays_flat_with_metrics_on() -> None:
    reporter = TelemetryReporter(Telemetry().meter_provider)
    kinds = ("n_plus_one", "slow_statement")

    def send(number: int) -> None:
        facts = facts_of(
            *(statement(serial, tables=(f"table_{number + serial}",)) for serial in range(2)),
            request=REQUEST._replace(method=f"METHOD{number}"),
            checkouts=(checkout(),),
            pools=(pool(name=f"pool {number}"),),
        )
        reporter(report_with(Finding(kinds[number % 2], "warning", "It is slow", "Mend it"), facts=facts))

    def memory_after(numbers: range) -> int:
        for number in numbers:
            send(number)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = memory_after(range(2_000))  # more than there are kept attributes of statements
        grown = memory_after(range(2_000, 3_000)) - before
    finally:
        tracemalloc.stop()
    assert grown < 50_000, "more than fifty bytes a report"


WITHOUT_API = """
import sys
sys.modules["opentelemetry"] = None
from starlette.applications import Starlette
from query_guard import QueryGuard, record
with record("block") as recording:
    pass
print(recording.report.trace_id)
QueryGuard(Starlette())
import query_guard.reporters.telemetry
"""


def test_without_opentelemetry_only_the_reporter_is_missing() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_API], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("None\n", 1)
    assert done.stderr.splitlines()[-1].startswith("ModuleNotFoundError: ")
