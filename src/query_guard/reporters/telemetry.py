"""Reports as metrics of OpenTelemetry, and on the spans of requests; the only place that imports opentelemetry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import TypeAlias

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter
from opentelemetry.trace import get_current_span

from query_guard.own_errors import report_own_error
from query_guard.records import Checkout, Holder, Pool, Report, Request
from query_guard.reporters.attributes import AttributeNames, Attributes
from query_guard.reporters.request_span import RequestSpan

LivePools: TypeAlias = Callable[[], Iterable[tuple[Pool, tuple[Holder, ...]]]]
"""Returns the pools of the process as they are now, with the holders of their connections."""

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
"""The boundaries that the semantic conventions advise for `db.client.operation.duration`."""
_STATEMENTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_POOL = "db.client.connection."


class TelemetryReporter:
    """Send metrics through the OpenTelemetry API, and write on the span of each request.

    It needs `pip install fastapi-query-guard[otel]`, and an SDK that the application has set up: without, nothing is
    sent. The names, units and buckets are those of the semantic conventions for database clients. All times are in
    seconds. Attributes have few values: method, template of the route, operation, table, name of a pool, kind.

    For each request, sampled or not: `query_guard.request.queries` and `db.client.connection.timeouts`. Whenever
    metrics are collected, for each pool of the process: `db.client.connection.count`, `.max` and `.pending_requests`.
    For sampled requests only, since of others nothing is recorded but their number of statements and checkouts that
    failed: `db.client.operation.duration`, `db.client.connection.wait_time`, `.use_time` and `.create_time`, and of
    `query_guard.findings` all kinds but `statement_budget` and `pool_timeout`.

    The span that is current when QueryGuard is called gets `query_guard.queries`, `query_guard.query_time`,
    `query_guard.report_id` and `query_guard.sampled`, where sampled `query_guard.wait_time`, and one event
    `query_guard.finding` for each finding.

    Args:
        meter_provider (MeterProvider | None): Where the metrics go. Default: `None`, the global one, which may be set
            later.

    Raises:
        ImportError: When this module is imported without opentelemetry-api.
    """

    def __init__(self, meter_provider: MeterProvider | None = None) -> None:
        meter = self._meter = get_meter("query_guard", version("fastapi-query-guard"), meter_provider)
        self._names = AttributeNames()
        self._is_watching_pools = False
        self._queries = meter.create_histogram(
            "query_guard.request.queries", "{query}", "Statements of a request.",
            explicit_bucket_boundaries_advisory=_STATEMENTS,
        )  # fmt: skip
        self._findings = meter.create_counter("query_guard.findings", "{finding}", "Findings of requests.")
        self._operations, self._waits, self._uses, self._creations = [
            meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=_SECONDS)
            for name, description in (
                ("db.client.operation.duration", "Duration of database client operations."),
                (f"{_POOL}wait_time", "The time that was waited for a connection of the pool, without making one."),
                (f"{_POOL}use_time", "The time between borrowing a connection and returning it to the pool."),
                (f"{_POOL}create_time", "The time it took to create a new connection."),
            )
        ]
        self._timeouts = meter.create_counter(
            f"{_POOL}timeouts", "{timeout}", "Connection timeouts that have occurred trying to obtain a connection."
        )

    def __call__(self, report: Report) -> None:
        """Record the metrics of a report. What belongs on a request's span, QueryGuard has written there by now."""
        facts = report.facts
        request = self._names.of_request(report.request)
        self._queries.record(facts.query_count, request)
        for finding in report.findings:
            self._findings.add(1, {**request, **self._names.of_finding(finding)})
        for statement in facts.statements:
            self._operations.record(statement.duration, self._names.of_statement(statement))
        pools = {pool.serial: self._names.of_pool(pool) for pool in facts.pools} if facts.checkouts else {}
        for checkout in facts.checkouts:
            pool = pools.get(checkout.pool) or self._names.of_pool(None)
            if checkout.outcome == "timeout":
                self._timeouts.add(1, {**pool, **request})
            if report.sampled:  # of others, only checkouts that failed are known: their waits would outweigh all others
                self._record_times(checkout, pool, request)
        if report.request.kind == "block" and (span := self.request_span()) is not None:
            span.note(report.id, report.sampled, facts.numbers, report.findings)

    def note_counted(self, request: Request, queries: int) -> None:
        """Record the statements of a request that is not sampled, in place of its report. QueryGuard calls this."""
        self._queries.record(queries, self._names.of_request(request))

    def _record_times(self, checkout: Checkout, pool: Attributes, request: Attributes) -> None:
        both = {**pool, **request}
        if checkout.created:
            self._creations.record(checkout.created, pool)
        if checkout.wait or checkout.has_connection:
            self._waits.record(checkout.wait, both)
        if checkout.hold is not None and checkout.has_connection:
            self._uses.record(checkout.hold, both)

    def request_span(self) -> RequestSpan | None:
        """Return the current span, to be written on; None where nobody records one. QueryGuard calls this."""
        span = get_current_span()
        return RequestSpan(span) if span.is_recording() else None

    def watch_pools(self, pools: LivePools) -> None:
        """Read pools whenever metrics are collected. QueryGuard calls this; a second call has no effect."""
        if self._is_watching_pools:
            return
        self._is_watching_pools = True
        for name, unit, description, read in (
            ("count", "{connection}", "Connections in the state that the attribute names.", self._counts),
            ("max", "{connection}", "The most connections that a pool may have open.", self._most),
            ("pending_requests", "{request}", "Checkouts that wait for an open connection.", self._pending),
        ):
            self._meter.create_observable_up_down_counter(
                f"{_POOL}{name}", [_observing(pools, read)], unit, description
            )

    def _counts(self, pool: Pool, holders: tuple[Holder, ...]) -> Iterator[tuple[Attributes, int | None]]:
        used = pool.checked_out if pool.checked_out is not None else len(holders)
        named = self._names.of_pool(pool)
        yield {**named, f"{_POOL}state": "used"}, used
        yield {**named, f"{_POOL}state": "idle"}, pool.idle

    def _most(self, pool: Pool, _: tuple[Holder, ...]) -> Iterator[tuple[Attributes, int | None]]:
        yield self._names.of_pool(pool), pool.capacity

    def _pending(self, pool: Pool, _: tuple[Holder, ...]) -> Iterator[tuple[Attributes, int | None]]:
        yield self._names.of_pool(pool), pool.waiting


_Read: TypeAlias = Callable[[Pool, tuple[Holder, ...]], Iterable[tuple[Attributes, int | None]]]


def _observing(pools: LivePools, read: _Read) -> Callable[[CallbackOptions], Iterable[Observation]]:
    """Return a callback that sums up the numbers of pools of one name; those that a pool does not have are left out."""

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        try:
            sums: Counter[tuple[tuple[str, str], ...]] = Counter()
            for pool, holders in pools():
                for attributes, number in read(pool, holders):
                    if number is not None:
                        sums[tuple(attributes.items())] += number
            return [Observation(number, dict(attributes)) for attributes, number in sums.items()]
        except Exception:
            report_own_error("the pools could not be read for metrics", own=False)
            return []

    return observe
