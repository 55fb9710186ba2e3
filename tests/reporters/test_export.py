"""Metrics and spans as they arrive elsewhere: over OTLP, on the page for Prometheus, and from several workers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from prometheus_client import CollectorRegistry, make_asgi_app
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from query_guard.records import Finding
from query_guard.reporters.telemetry import TelemetryReporter
from tests.example_app.test_serve import environment, free_port, get
from tests.reporters.otlp import Receiver, receiving
from tests.reports import checkout, facts_of, pool, report_with, statement
from tests.serving import client_of, guarded

pytestmark = pytest.mark.once

LOOP = Finding("n_plus_one", "warning", "Posts are loaded one by one", "Load them at once")
REPORT = report_with(
    LOOP,
    facts=facts_of(
        statement(1, duration=0.25),
        statement(2, error="DataError"),
        checkouts=(checkout(wait=0.25, created=0.5), checkout(serial=2, outcome="timeout", wait=30.0)),
        pools=(pool(name="primary"),),
    ),
)
OF_POOLS = [(pool(name="primary", checked_out=3, idle=2, waiting=1), ())]


def test_over_otlp_a_collector_gets_metrics_and_spans() -> None:
    with receiving() as receiver:
        exporter = OTLPMetricExporter(f"{receiver.url}/v1/metrics")
        meters = MeterProvider([PeriodicExportingMetricReader(exporter)], shutdown_on_exit=False)
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{receiver.url}/v1/traces")))
        reporter = TelemetryReporter(meters)
        reporter.watch_pools(lambda: OF_POOLS)
        with tracers.get_tracer("test").start_as_current_span("GET /users"):
            span = reporter.request_span()
            assert span is not None
            span.note(REPORT.id, REPORT.sampled, REPORT.facts.numbers, REPORT.findings)
            reporter(REPORT)
        meters.shutdown()
        tracers.shutdown()
    (metrics,) = receiver.newest()
    kinds = {name: (metric.WhichOneof("data"), metric.unit) for name, metric in metrics.items()}
    assert kinds == {
        "query_guard.request.queries": ("histogram", "{query}"),
        "query_guard.findings": ("sum", "{finding}"),
        "db.client.operation.duration": ("histogram", "s"),
        "db.client.connection.create_time": ("histogram", "s"),
        "db.client.connection.wait_time": ("histogram", "s"),
        "db.client.connection.use_time": ("histogram", "s"),
        "db.client.connection.timeouts": ("sum", "{timeout}"),
        "db.client.connection.count": ("sum", "{connection}"),
        "db.client.connection.max": ("sum", "{connection}"),
        "db.client.connection.pending_requests": ("sum", "{request}"),
    }
    monotonic = [name for name, metric in metrics.items() if metric.sum.is_monotonic]
    assert monotonic == ["query_guard.findings", "db.client.connection.timeouts"]
    waits = metrics["db.client.connection.wait_time"].histogram
    assert waits.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    (point,) = waits.data_points
    assert (point.count, point.sum, list(point.bucket_counts)) == (2, 30.25, [0, 0, 0, 0, 0, 1, 0, 0, 0, 1])
    (sent,) = receiver.spans
    assert [event.name for event in sent.events] == ["query_guard.finding"]
    assert {each.key for each in sent.attributes} == {
        f"query_guard.{name}" for name in ("report_id", "sampled", "queries", "query_time", "wait_time")
    }


@contextmanager
def prometheus() -> Iterator[tuple[TelemetryReporter, CollectorRegistry]]:
    registry = CollectorRegistry()
    meters = MeterProvider([PrometheusMetricReader(registry=registry)], shutdown_on_exit=False)
    yield TelemetryReporter(meters), registry
    meters.shutdown()


@pytest.mark.asyncio
async def test_prometheus_reads_a_page_of_the_application() -> None:
    with prometheus() as (reporter, registry):
        app, _ = guarded(reporters=[reporter], exclude=("/metrics/*",))
        app.mount("/metrics", make_asgi_app(registry))
        reporter.watch_pools(lambda: OF_POOLS)
        reporter(REPORT)
        async with client_of(app) as client:
            page = await client.get("/metrics/")
    families = {family.name: family for family in text_string_to_metric_families(page.text)}
    ours = {name: family.type for name, family in families.items() if name not in ("target_info", "target")}
    assert ours == {
        "query_guard_request_queries": "histogram",
        "query_guard_findings": "counter",
        "db_client_operation_duration_seconds": "histogram",
        "db_client_connection_create_time_seconds": "histogram",
        "db_client_connection_wait_time_seconds": "histogram",
        "db_client_connection_use_time_seconds": "histogram",
        "db_client_connection_timeouts": "counter",
        "db_client_connection_count": "gauge",
        "db_client_connection_max": "gauge",
        "db_client_connection_pending_requests": "gauge",
    }
    assert _samples(families["db_client_connection_count"]) == {("primary", "idle"): 2.0, ("primary", "used"): 3.0}
    assert _samples(families["query_guard_findings"]) == {("GET", "/users", "n_plus_one", "warning"): 1.0}


def _samples(family: Metric) -> dict[tuple[str, ...], float]:
    """Return numbers by the values of their labels, without those of the scope."""
    return {
        tuple(value for name, value in sorted(sample.labels.items()) if not name.startswith("otel_scope")): sample.value
        for sample in family.samples
    }


SERVED = """
import os

from fastapi import FastAPI
from query_guard import QueryGuard
from query_guard.reporters.telemetry import TelemetryReporter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///served.db", pool_logging_name="primary")
app = FastAPI()
app.add_middleware(QueryGuard, reporters=[TelemetryReporter()])

@app.get("/")
async def answer() -> int:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return os.getpid()
"""
PATIENCE = 120
"""Seconds: a server may listen long before its workers answer."""
SERVERS = {
    "uvicorn": ["uvicorn", "served:app", "--workers", "2", "--port"],
    "granian": ["granian", "served:app", "--interface", "asgi", "--workers", "2", "--port"],
}


@pytest.mark.parametrize("server", SERVERS)
def test_each_worker_exports_its_own_numbers_and_together_they_are_all(server: str, tmp_path: Path) -> None:
    """The application sets nothing up: FastAPI's own telemetry does, where the environment says so."""
    (tmp_path / "served.py").write_text(SERVED)
    port = free_port()
    with receiving() as receiver:
        variables = {"FASTAPI_OTEL_AUTO_CONFIGURE": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        served = subprocess.Popen(
            [sys.executable, "-m", *SERVERS[server], str(port)], cwd=tmp_path, env=environment(**variables)
        )
        try:
            answered = _requests_to_both(f"http://127.0.0.1:{port}/")
        finally:
            served.terminate()
            served.wait(timeout=PATIENCE)
    assert len(receiver.newest()) == 2
    assert _sums(receiver, "query_guard.request.queries") == (answered, answered)
    assert _sums(receiver, "db.client.connection.use_time")[0] == answered


def _requests_to_both(url: str) -> int:
    """Send requests until two workers have answered; the system decides who answers which."""
    processes = {get(url, PATIENCE).text}
    for number in range(2, 5_000):
        processes.add(get(url, PATIENCE).text)
        if len(processes) == 2:
            return number
    raise AssertionError(f"only {processes} has answered")


def _sums(receiver: Receiver, name: str) -> tuple[int, float]:
    """Return how many there were and their sum, over all workers."""
    points = [point for metrics in receiver.newest() for point in metrics[name].histogram.data_points]
    return sum(point.count for point in points), sum(point.sum for point in points)
