"""A receiver of OTLP over HTTP on this machine, and what it was sent."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Receiver:
    """Keeps what was exported: by instance of the service the newest of each metric, and all spans."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.metrics: dict[str, dict[str, Metric]] = {}
        self.spans: list[Span] = []
        self._lock = threading.Lock()

    def take(self, path: str, body: bytes) -> None:
        with self._lock:
            if path == "/v1/metrics":
                for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
                    metrics = self.metrics.setdefault(attributes.get("service.instance.id", ""), {})
                    metrics |= {
                        metric.name: metric
                        for scope in resource.scope_metrics
                        if scope.scope.name == "query_guard"
                        for metric in scope.metrics
                    }
            elif path == "/v1/traces":
                for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
                    self.spans += [span for scope in resource_spans.scope_spans for span in scope.spans]

    def newest(self) -> list[dict[str, Metric]]:
        """Return the metrics of each instance that has sent some of ours."""
        with self._lock:
            return [dict(metrics) for metrics in self.metrics.values() if metrics]


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.take(self.path, gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
            answer = ExportMetricsServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
