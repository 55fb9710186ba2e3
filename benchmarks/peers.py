"""Other people's tools, where the environment has them, each attached as its own documentation says."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.contestants import Contestant


def queryspy(app: Starlette, _engine: Any) -> None:
    app.add_middleware(import_module("queryspy.asgi").QuerySpyMiddleware)


def pytest_queryguard(app: Starlette, _engine: Any) -> None:
    """A test tool: its recording block around each request."""
    app.add_middleware(RecordQueries)


def fastapi_sqlalchemy_monitor(app: Starlette, engine: Any) -> None:
    app.add_middleware(import_module("fastapi_sqlalchemy_monitor").SQLAlchemyMonitor, engine=engine)


def opentelemetry(app: Starlette, engine: Any) -> None:
    """Spans are made and batched, then dropped."""
    exporting: Any = import_module("opentelemetry.sdk.trace.export")
    base: Any = exporting.SpanExporter

    class Silent(base):  # type: ignore[misc]  # mypy cannot see a class of a package that need not be installed
        def export(self, _spans: Any) -> Any:
            return exporting.SpanExportResult.SUCCESS

    provider = import_module("opentelemetry.sdk.trace").TracerProvider()
    provider.add_span_processor(exporting.BatchSpanProcessor(Silent()))
    instrumentor = import_module("opentelemetry.instrumentation.sqlalchemy").SQLAlchemyInstrumentor()
    instrumentor.instrument(engine=getattr(engine, "sync_engine", engine), tracer_provider=provider)
    middleware = import_module("opentelemetry.instrumentation.asgi").OpenTelemetryMiddleware
    app.add_middleware(middleware, tracer_provider=provider)


def sentry_sdk(_app: Starlette, _engine: Any) -> None:
    """Every request traced; its Starlette and SQLAlchemy integrations switch themselves on."""
    base: Any = import_module("sentry_sdk.transport").Transport

    class Silent(base):  # type: ignore[misc]  # as above
        def capture_envelope(self, _envelope: Any) -> None:
            pass

    import_module("sentry_sdk").init(dsn="http://key@localhost/1", traces_sample_rate=1.0, transport=Silent)


class RecordQueries:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.record_queries = import_module("pytest_queryguard").record_queries

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.record_queries():
            await self.app(scope, receive, send)


PEERS: dict[Contestant, tuple[str, ...]] = {
    queryspy: ("queryspy",),
    pytest_queryguard: ("pytest_queryguard",),
    fastapi_sqlalchemy_monitor: ("fastapi_sqlalchemy_monitor",),
    opentelemetry: ("opentelemetry.sdk", *[f"opentelemetry.instrumentation.{part}" for part in ("sqlalchemy", "asgi")]),
    sentry_sdk: ("sentry_sdk",),
}
"""Each peer and the modules it needs."""


def is_installed(peer: Contestant) -> bool:
    try:
        return all(find_spec(module) is not None for module in PEERS[peer])
    except ModuleNotFoundError:  # the parent package is missing
        return False
