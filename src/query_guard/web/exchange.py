"""One request: its messages, and the report that they end with."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterable

from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.stages import AFTER_RESPONSE
from query_guard.judge.pipeline import report_id
from query_guard.judge.running_report import RunningReport
from query_guard.own_errors import report_own_error
from query_guard.records import Finding, Numbers, Report, Request, RequestKind
from query_guard.reporters.request_span import RequestSpan
from query_guard.web.asgi import Message, Receive, Scope, Send
from query_guard.web.headers import empty_headers, pending_headers, report_headers
from query_guard.web.messages import Messages
from query_guard.web.own_thread import own_thread
from query_guard.web.report_link import report_link
from query_guard.web.setup import Setup

_GONE = (CancelledError, ClientDisconnect, WebSocketDisconnect)
"""Exceptions that end an application whose client has gone, or whose task was cancelled."""
MAX_JUDGED_FOR_HEADERS = 500
"""The most statements that are judged before the response starts; of more, the headers say `pending`."""


class Exchange(Messages):
    """Stands between the server and the application for one request: makes headers and the report."""

    __slots__ = (
        "_app", "_id", "_outer_root", "_published", "_recorder", "_report", "_request", "_scope", "_setup", "_span",
        "escaped", "is_websocket", "window",
    )  # fmt: skip
    sampled = True

    def __init__(
        self, setup: Setup, scope: Scope, receive: Receive, send: Send, recorder: Recorder, window: open_window
    ) -> None:
        self._setup = setup
        self._adds_headers = setup.options.headers
        self._scope = scope
        self._receive = receive
        self._send = send
        self._recorder = self._stages = recorder
        self.window = window
        self.is_websocket: bool = scope["type"] == "websocket"
        self._id = report_id()
        self._app = scope.get("app")
        self._outer_root: str = scope.get("root_path", "")
        pipeline = setup.pipeline
        self._span = pipeline.request_span() if pipeline.has_spans else None
        self._report: RunningReport | None = None
        self._request: Request | None = None
        self._published = False
        self.status = None
        self.escaped: type[BaseException] | None = None
        """The exception that escaped from the application."""

    def open(self) -> None:
        """Begin; call it before the window is set as `current`."""
        self.window.describe = self._request_now
        self.window.open()

    def close(self) -> None:
        self.window.close()

    def _note_span(self, span: RequestSpan) -> None:
        span.note(self._id, self.sampled, *self._judged_so_far())

    def _with_headers(self, message: Message) -> Message:
        headers = [*message.get("headers", ()), *self._headers()]
        options = self._setup.options
        if options.debug:
            link = report_link(self._scope, self._outer_root, options.debug_path, self._id)
            headers.append((b"x-query-guard-link", link))
        return {**message, "headers": headers}

    def _headers(self) -> Iterable[tuple[bytes, bytes]]:
        heartbeat = self.window.heartbeat
        if heartbeat is not None:
            heartbeat.settle()
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
            self._report = RunningReport(pipeline, self._recorder, self.window, self._id, self.sampled)
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
        is_open_or_complete = self.window.recorder is not None or self._recorder.stage == AFTER_RESPONSE
        if self.escaped is None and request.status == self.status and is_open_or_complete:
            return request
        status, exception, cancelled = self._ended()
        if request.status != status or exception is not None or cancelled:
            request = self._request = request._replace(status=status, exception=exception, cancelled=cancelled)
        return request

    def _ended(self) -> tuple[int | None, str | None, bool]:
        """Return the status that was sent, the exception that escaped, and whether the client left before the end."""
        escaped = self.escaped
        if escaped is None:
            is_incomplete = self.status is not None and self._recorder.stage != AFTER_RESPONSE
            return self.status, None, is_incomplete and self.window.recorder is None
        if issubclass(escaped, _GONE):
            return self.status, None, True
        return 500 if self.status is None else self.status, escaped.__name__, False

    def _describe(self) -> Request:
        scope = self._scope
        method = "WEBSOCKET" if self.is_websocket else scope["method"]
        route, endpoint, budget, shared = self._setup.routes.served(scope, self._app, self._outer_root)
        kind: RequestKind = "websocket" if self.is_websocket else "http"
        options = self._setup.options
        path = scope["path"] if options.capture_parameters and route is not None else route
        request = Request(kind, method, path, route, self.status, endpoint, budget, shared_dependencies=shared)
        budgets = options.budgets
        return request._replace(budget=budgets[request.name]) if budgets and request.name in budgets else request
