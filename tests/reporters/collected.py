"""What an SDK has collected, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

POOL = "db.client.connection.pool.name"
STATE = "db.client.connection.state"


class Telemetry:
    """Providers of an SDK that keep in memory what they are given."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self.exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider(shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def metrics(self, scope: str = "query_guard") -> dict[str, Metric]:
        """Collect, and return the metrics of a scope by name."""
        return {metric.name: metric for name, metric in self._collected() if name == scope}

    def scopes(self) -> dict[str, set[str]]:
        """Collect, and return the scopes that sent each metric."""
        scopes: dict[str, set[str]] = {}
        for scope, metric in self._collected():
            scopes.setdefault(metric.name, set()).add(scope)
        return scopes

    def _collected(self) -> Iterator[tuple[str, Metric]]:
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    yield scope.scope.name, metric

    def spans(self, **attributes: Any) -> list[ReadableSpan]:
        """Return the finished spans that have these attributes; `_` in a name stands for a dot."""
        wanted = {name.replace("_", "."): value for name, value in attributes.items()}
        return [
            span for span in self.exporter.get_finished_spans() if wanted.items() <= dict(span.attributes or {}).items()
        ]


def points(metric: Metric) -> dict[tuple[Any, ...], Any]:
    """Return the numbers of a metric by its values of attributes, sorted by name: (count, sum) of a histogram."""
    return {
        tuple(value for _, value in sorted((point.attributes or {}).items())): (
            point.value if isinstance(point, NumberDataPoint) else (point.count, point.sum)
        )
        for point in metric.data.data_points
    }
