"""One request: its messages, and what is known of it."""

from __future__ import annotations

from asyncio import CancelledError

from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.open_checkout import Stages
from query_guard.capture.window.stages import AFTER_RESPONSE
from query_guard.judge.pipeline import report_id
from query_guard.records import Request, RequestKind
from query_guard.reporters.request_span import RequestSpan
from query_guard.web.asgi import Receive, Scope, Send
from query_guard.web.messages import Messages
from query_guard.web.setup import Setup

_GONE = (CancelledError, ClientDisconnect, WebSocketDisconnect)
"""Exceptions that end an application whose client has gone, or whose task was cancelled."""


class DescribedRequest(Messages):
    """Stands between the server and the application for one request, and says at any time what it is."""

    __slots__ = (
        "_app", "_id", "_outer_root", "_request", "_scope", "_setup", "_span", "escaped", "is_websocket", "window",
    )  # fmt: skip

    def __init__(
        self, setup: Setup, scope: Scope, receive: Receive, send: Send, stages: Stages, window: open_window
    ) -> None:
        self._setup = setup
        self._adds_headers = setup.options.headers
        self._scope = scope
        self._receive = receive
        self._send = send
        self._stages = stages
        self.window = window
        self.is_websocket: bool = scope["type"] == "websocket"
        self._id = report_id()
        self._app = scope.get("app")
        self._outer_root: str = scope.get("root_path", "")
        self._request: Request | None = None
        pipeline = setup.pipeline
        self._span: RequestSpan | None = pipeline.request_span() if pipeline.has_spans else None
        self.status = None
        self.escaped: type[BaseException] | None = None
        """The exception that escaped from the application."""

    def _end_counted(self, queries: int) -> None:
        """End without a report: whoever takes numbers gets how many statements there were, and so does the span."""
        pipeline = self._setup.pipeline
        if pipeline.takes_counts:
            pipeline.note_counted(self._request_now(), queries)
        if self._span is not None:
            self._note_span(self._span)

    def _request_now(self) -> Request:
        """Return the request as it is known now. Once its route is known, only its end may change."""
        request = self._request
        if request is None or request.route is None:
            request = self._request = self._describe()
        is_open_or_complete = not self.window.is_sealed or self._stages.stage == AFTER_RESPONSE
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
            is_incomplete = self.status is not None and self._stages.stage != AFTER_RESPONSE
            return self.status, None, is_incomplete and self.window.is_sealed
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
