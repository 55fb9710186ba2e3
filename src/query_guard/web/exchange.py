"""The messages of one request, and the report that they end with."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterable
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.stages import AFTER_RESPONSE, STREAMING
from query_guard.judge.pipeline import Pipeline, report_id
from query_guard.judge.running_report import RunningReport
from query_guard.own_errors import report_own_error
from query_guard.records import Finding, Numbers, Report, Request, RequestKind
from query_guard.web.asgi import Message, Receive, Scope, Send
from query_guard.web.headers import empty_headers, pending_headers, report_headers
from query_guard.web.options import Options
from query_guard.web.own_thread import own_thread
from query_guard.web.report_link import report_link
from query_guard.web.routes import ServedRoutes

_GONE = (CancelledError, ClientDisconnect, WebSocketDisconnect)
"""Exceptions that end an application whose client has gone, or whose task was cancelled."""
MAX_JUDGED_FOR_HEADERS = 500
"""The most statements that are judged before the response starts; of more, the headers say `pending`."""


class Setup(NamedTuple):
    """What all requests of one middleware have in common."""

    pipeline: Pipeline
    options: Options
    routes: ServedRoutes
    judged_above: float
    """The number of statements that no detector looks at by itself, and no budget of the options forbids."""


class Exchange:
    """Stands between the server and the application for one request: hands messages on, and makes the report."""

    __slots__ = (
        "_app",
        "_id",
        "_outer_root",
        "_published",
        "_receive",
        "_recorder",
        "_report",
        "_request",
        "_sampled",
        "_scope",
        "_send",
        "_setup",
        "_span",
        "_status",
        "escaped",
        "is_websocket",
        "window",
    )  # fmt: skip

    def __init__(
        self,
        setup: Setup,
        scope: Scope,
        receive: Receive,
        send: Send,
        recorder: Recorder,
        window: open_window,
        sampled: bool = True,
    ) -> None:
        self._setup = setup
        self._scope = scope
        self._receive = receive
        self._send = send
        self._recorder = recorder
        self.window = window
        self._sampled = sampled
        self.is_websocket = scope["type"] == "websocket"
        self._id = report_id()
        self._app = scope.get("app")
        self._outer_root: str = scope.get("root_path", "")
        self._report: RunningReport | None = None
        self._request: Request | None = None
        self._published = False
        self._span = setup.pipeline.request_span()
        """The span of the request, where a reporter writes on it."""
        self._status: int | None = None
        """The status that was sent."""
        self.escaped: type[BaseException] | None = None
        """The exception that escaped from the application."""
        window.describe = self._request_now

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._recorder.stage += 1
        return message

    async def send(self, message: Message) -> None:
        """Hand a message on, then change the stage: outer middleware may send statements before it does the same."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            try:
                if self._setup.options.headers:
                    message = self._with_headers(message)
            except Exception:
                report_own_error("the headers could not be made")
            finally:
                await self._send(message)
            self._recorder.stage = STREAMING
        elif (kind == "http.response.body" and not message.get("more_body")) or kind == "http.response.pathsend":
            try:
                if self._span is not None:
                    self._span.note(self._id, self._sampled, *self._judged_so_far())
            except Exception:
                report_own_error("the span of a request could not be written")
            finally:
                await self._send(message)
            self._recorder.stage = AFTER_RESPONSE
        else:
            await self._send(message)

    def _with_headers(self, message: Message) -> Message:
        heartbeat = self.window.heartbeat
        if heartbeat is not None:
            heartbeat.settle()
        headers = [*message.get("headers", ()), *self._headers()]
        options = self._setup.options
        if options.debug:
            link = report_link(self._scope, self._outer_root, options.debug_path, self._id)
            headers.append((b"x-query-guard-link", link))
        return {**message, "headers": headers}

    def _headers(self) -> Iterable[tuple[bytes, bytes]]:
        if self._recorder.is_empty:
            return empty_headers(self._id)
        if self._recorder.query_count > MAX_JUDGED_FOR_HEADERS:
            return pending_headers(self._id, WindowFigures(self._recorder).numbers())
        return report_headers(self._id, *self._running().for_headers(self._request_now()))

    def _judged_so_far(self) -> tuple[Numbers, tuple[Finding, ...]]:
        if self._recorder.query_count > MAX_JUDGED_FOR_HEADERS:
            return WindowFigures(self._recorder).numbers(), ()
        return self._running().for_headers(self._request_now())

    def _running(self) -> RunningReport:
        if self._report is None:
            pipeline = self._setup.pipeline
            self._report = RunningReport(pipeline, self._recorder, self.window, self._id, self._sampled)
        return self._report

    def is_published_at_once(self) -> bool:
        """Make and publish the final report, unless it is too large to be made on the event loop."""
        if self._recorder.is_empty and not self._setup.pipeline.wants_quiet_reports():
            return True
        if self._recorder.query_count > MAX_JUDGED_FOR_HEADERS:
            return False
        self._publish()
        return True

    async def publish_in_thread(self) -> None:
        """Make and publish the report of a large window in the guard's own thread, so that the event loop is free."""
        try:
            await own_thread.run(self._publish)
        except Exception:
            report_own_error("a large report could not be made in a thread")
            self._publish()

    def _publish(self) -> None:
        """Publish once; a failure here does not reach the application."""
        if self._published:
            return
        self._published = True
        try:
            report = self._finished()
            if report is not None:
                self._setup.pipeline.publish(report)
                if self._span is not None:
                    self._span.note(report.id, report.sampled, report.facts.numbers, report.findings)
        except Exception:
            report_own_error("the report of a request could not be made")

    def _finished(self) -> Report | None:
        return self._running().at_end(self._request_now())

    def _request_now(self) -> Request:
        """Return the request as it is known now. Once its route is known, only its end may change."""
        request = self._request
        if request is None or request.route is None:
            request = self._request = self._describe()
        status, exception, cancelled = self._ended()
        if request.status != status or exception is not None or cancelled:
            request = self._request = request._replace(status=status, exception=exception, cancelled=cancelled)
        return request

    def _ended(self) -> tuple[int | None, str | None, bool]:
        """Return the status that was sent, the exception that escaped, and whether the client left before the end."""
        escaped = self.escaped
        if escaped is None:
            is_incomplete = self._status is not None and self._recorder.stage != AFTER_RESPONSE
            return self._status, None, is_incomplete and self.window.recorder is None
        if issubclass(escaped, _GONE):
            return self._status, None, True
        return 500 if self._status is None else self._status, escaped.__name__, False

    def _describe(self) -> Request:
        scope = self._scope
        method = "WEBSOCKET" if self.is_websocket else scope["method"]
        route, endpoint, budget, shared = self._setup.routes.served(scope, self._app, self._outer_root)
        kind: RequestKind = "websocket" if self.is_websocket else "http"
        options = self._setup.options
        path = scope["path"] if options.capture_parameters and route is not None else route
        request = Request(kind, method, path, route, self._status, endpoint, budget, shared_dependencies=shared)
        budgets = options.budgets
        return request._replace(budget=budgets[request.name]) if budgets and request.name in budgets else request
