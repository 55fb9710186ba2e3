"""Who is compared: each contestant is a few lines that attach it to the application. One process holds one of them.

The floor is what every guard built on SQLAlchemy's public events pays before it does anything: two empty cursor
listeners and an empty ASGI middleware.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import Engine, event
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

Contestant: TypeAlias = Callable[[Starlette, Any], None]
"""Attach to an application and to its Engine or AsyncEngine."""


def bare(_app: Starlette, _engine: Any) -> None:
    """Attach nothing."""


def bare_again(_app: Starlette, _engine: Any) -> None:
    """Attach nothing: what this adds to bare is the noise of the machine."""


def floor(app: Starlette, _engine: Any) -> None:
    event.listen(Engine, "before_cursor_execute", _nothing)
    event.listen(Engine, "after_cursor_execute", _nothing)
    app.add_middleware(EmptyMiddleware)


def query_guard(app: Starlette, _engine: Any) -> None:
    """As people install it: recorded, judged, written in headers."""
    _installed(app)


def without_headers(app: Starlette, _engine: Any) -> None:
    """As above, but nothing is said, and so judged, before the response."""
    _installed(app, headers=False)


def query_guard_logged(app: Starlette, _engine: Any) -> None:
    """As `query_guard`, with a log line for each request."""
    import logging

    logging.basicConfig(level=logging.INFO, filename=os.devnull, force=True)
    _installed(app)


def _installed(app: Starlette, **options: Any) -> None:
    """Of the driver nothing is said: it blocks the loop here, so that no thread's noise is measured.

    Nor of what is slow, which under callgrind everything is.
    """
    from query_guard import QueryGuard, defaults
    from query_guard.detectors import BlockingDriver, EventLoopBlocked, IdleInTransaction, PoolWait, SlowStatement

    patient = defaults(*[make(seconds=60) for make in (EventLoopBlocked, IdleInTransaction, PoolWait, SlowStatement)])
    app.add_middleware(QueryGuard, detectors=[one for one in patient if not isinstance(one, BlockingDriver)], **options)


def with_trials(app: Starlette, _engine: Any) -> None:
    """As `query_guard`, in a process in which fixes may be tried, as with `debug`; none is."""
    from query_guard.capture.hooks import loader_trial

    _installed(app)
    loader_trial.install()


def recorded(app: Starlette, _engine: Any) -> None:
    """Capture alone: all facts of each statement, nothing made of them."""
    from query_guard.capture.hooks.install import install

    install()
    app.add_middleware(WindowMiddleware)


def cursor_events(app: Starlette, _engine: Any) -> None:
    """Capture alone, through the fallback for applications that listen to `do_execute` themselves."""
    from query_guard.capture.hooks.cursor_events import use_cursor_events
    from query_guard.capture.hooks.install import install

    install()
    use_cursor_events()
    app.add_middleware(WindowMiddleware)


def not_sampled(app: Starlette, _engine: Any) -> None:
    _installed(app, sample_rate=0.0)


def not_sampled_without_headers(app: Starlette, _engine: Any) -> None:
    _installed(app, sample_rate=0.0, headers=False)


def one_in_ten(app: Starlette, _engine: Any) -> None:
    _installed(app, sample_rate=0.1)


def switched_off(app: Starlette, _engine: Any) -> None:
    """As `QUERY_GUARD_ENABLED=0` leaves it."""
    os.environ["QUERY_GUARD_ENABLED"] = "0"
    _installed(app)


def outside_window(_app: Starlette, _engine: Any) -> None:
    """Installed, but nobody records: what a script in the same process pays."""
    from query_guard.capture.hooks.install import install

    install()


def with_telemetry(app: Starlette, _engine: Any) -> None:
    """As `query_guard`, with metrics that are exported each second and a span for each request."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from query_guard.reporters.telemetry import TelemetryReporter

    dropped = InMemorySpanExporter()
    dropped.shutdown()
    nowhere = open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    reader = PeriodicExportingMetricReader(ConsoleMetricExporter(nowhere), export_interval_millis=1_000)
    meters, tracers = MeterProvider([reader]), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(dropped))
    _installed(app, reporters=[TelemetryReporter(meters)])
    app.add_middleware(
        OpenTelemetryMiddleware, tracer_provider=tracers, meter_provider=meters, exclude_spans=["receive", "send"]
    )


class EmptyMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class WindowMiddleware:
    """Opens a window for each request and forgets it."""

    def __init__(self, app: ASGIApp) -> None:
        from query_guard.capture.live.open_window import open_window
        from query_guard.capture.window.recorder import Recorder

        self.app = app
        self.recorder = Recorder
        self.open_window = open_window

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.open_window(self.recorder(), request=True):
            await self.app(scope, receive, send)


def _nothing(*_arguments: Any) -> None:
    pass


OURS: tuple[Contestant, ...] = (
    bare,
    bare_again,
    floor,
    query_guard,
    without_headers,
    query_guard_logged,
    with_trials,
    recorded,
    cursor_events,
    not_sampled,
    outside_window,
)
SERVED_ONLY: tuple[Contestant, ...] = (not_sampled_without_headers, one_in_ten, switched_off)
ENDURANCE_ONLY: tuple[Contestant, ...] = (with_telemetry,)


def contestant_named(name: str) -> Contestant:
    from benchmarks.peers import PEERS

    return next(
        contestant for contestant in (*OURS, *SERVED_ONLY, *ENDURANCE_ONLY, *PEERS) if contestant.__name__ == name
    )
