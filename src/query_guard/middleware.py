"""QueryGuard: one request in, one report out."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from starlette.concurrency import run_in_threadpool

from query_guard.allowances import parse_allowances
from query_guard.asgi import ASGIApp, Message, Receive, Scope, Send
from query_guard.capture.call_site import allow_package_of, code_start
from query_guard.capture.facts import count
from query_guard.capture.install import install
from query_guard.capture.recorder import AFTER_RESPONSE, STREAMING, Recorder, Window, open_window
from query_guard.capture.trouble import report_trouble
from query_guard.debug import DebugEndpoint
from query_guard.detectors import Detector, defaults
from query_guard.headers import pending_headers, report_headers
from query_guard.history import History
from query_guard.history.memory import MemoryHistory
from query_guard.options import callables, check_options, environment
from query_guard.profile import Profile, declared_budget, report_id
from query_guard.records import Report, Request
from query_guard.reporters import Reporter
from query_guard.reporters.log import LogReporter
from query_guard.routes import all_routes, route_template

MAX_JUDGED_FOR_HEADERS = 500
"""Statements up to which findings are known before the response starts."""

_SEEN = "query_guard"


class QueryGuard:
    """Profile each request of an ASGI application: `app.add_middleware(QueryGuard)`.

    Every engine of the process is watched, unless `engines` names some. `detectors` and `reporters` replace the
    defaults; the reports of the last requests are kept where `debug` shows them, or in `history`. Raises ValueError
    for a wrong option.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        engines: Sequence[Any] | None = None,
        headers: bool = True,
        debug: bool = False,
        debug_path: str = "/__query_guard__",
        debug_token: str | None = None,
        sample_rate: float = 1.0,
        budgets: Mapping[str, int] | None = None,
        allow: Sequence[str] = (),
        detectors: Sequence[Detector] | None = None,
        reporters: Sequence[Reporter] | None = None,
        history: History | None = None,
        exclude: Sequence[str] = (),
        capture_parameters: bool = False,
        release: str | None = None,
    ) -> None:
        self.app = app
        self._options = check_options(
            engines=engines, headers=headers, debug=debug, debug_path=debug_path, debug_token=debug_token,
            sample_rate=sample_rate, budgets=budgets, exclude=exclude, capture_parameters=capture_parameters,
            release=release,
        )  # fmt: skip
        self._enabled = environment("QUERY_GUARD_ENABLED", True)
        debug = self._options.debug
        self._history: History | None = history or (MemoryHistory() if debug else None)
        outlets = [LogReporter(release)] if reporters is None else list(callables("reporters", reporters))
        if self._history is not None:
            outlets.append(self._history.add)
        judges = defaults() if detectors is None else callables("detectors", detectors)
        self._profile = Profile(judges, outlets, parse_allowances("QueryGuard", allow))
        self._debug = DebugEndpoint(self._history, self._options) if debug and self._history is not None else None
        self._knows_app = False
        if self._enabled:
            install()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._enabled or scope["type"] not in ("http", "websocket") or _SEEN in scope:
            await self.app(scope, receive, send)
        elif self._debug is not None and self._debug.serves(scope):
            await self._debug(scope, receive, send)
        elif any(fnmatchcase(scope["path"], pattern) for pattern in self._options.exclude):
            await self.app(scope, receive, send)
        else:
            scope[_SEEN] = True
            await self._profiled(scope, receive, send)

    async def _profiled(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._knows_app:
            self._learn(scope.get("app"))
        sampled = self._options.sample_rate >= 1 or random.random() < self._options.sample_rate
        recorder = Recorder(details=sampled, engines=self._options.engines, parameters=self._options.capture_parameters)
        with open_window(recorder, request=True) as window:
            exchange = _Exchange(self, scope, receive, send, recorder, window)
            try:
                await self.app(scope, exchange.receive, exchange.send)
            except BaseException:
                exchange.status = 500
                raise
            finally:
                window.seal()
                await exchange.finish()

    def _learn(self, app: Any) -> None:
        """Look at the application once: its endpoints' packages, and whether each budget names a route."""
        self._knows_app = True
        try:
            routes = dict(all_routes(app))
            for endpoint in routes.values():
                allow_package_of(endpoint)
            for route in self._options.budgets:
                if routes and route not in routes:
                    logging.getLogger("query_guard").warning(
                        "query_guard: the budget for %r names no route of the application; routes look like %r",
                        route, next(iter(routes)),
                    )  # fmt: skip
        except Exception:
            report_trouble("the application's routes could not be read")


class _Exchange:
    """The messages of one request, and the report that they end with."""

    def __init__(
        self, guard: QueryGuard, scope: Scope, receive: Receive, send: Send, recorder: Recorder, window: Window
    ) -> None:
        self._guard = guard
        self._scope = scope
        self._receive = receive
        self._send = send
        self._recorder = recorder
        self._window = window
        self._id = report_id()
        self._outer_root = str(scope.get("root_path", ""))
        self._so_far: Report | None = None
        self._published = False
        self._is_websocket = scope["type"] == "websocket"
        self.status: int | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._recorder.stage += 1
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            message = self._started(message)
        await self._send(message)
        if kind == "http.response.body" and not message.get("more_body"):
            self._recorder.stage = AFTER_RESPONSE

    def _started(self, message: Message) -> Message:
        self.status = message["status"]
        if self._guard._options.headers:
            try:
                message = {**message, "headers": [*message.get("headers", ()), *self._headers()]}
            except Exception:
                report_trouble("the headers could not be made")
        self._recorder.stage = STREAMING
        return message

    def _headers(self) -> list[tuple[bytes, bytes]]:
        if self._recorder.query_count > MAX_JUDGED_FOR_HEADERS:
            return list(pending_headers(Report(self._id, 0.0, count(self._recorder, self._request()))))
        self._so_far = self._guard._profile.report(self._window, self._recorder, self._request(), self._id)
        return list(report_headers(self._so_far))

    async def finish(self) -> None:
        """Make the last report and hand it out, off the loop when it is large."""
        if self._recorder.query_count <= MAX_JUDGED_FOR_HEADERS:
            return self._publish()
        try:
            await run_in_threadpool(self._publish)
        finally:
            self._publish()  # when the request was cancelled before the thread began

    def _publish(self) -> None:
        if self._published:
            return
        self._published = True
        try:
            profile = self._guard._profile
            profile.publish(profile.report(self._window, self._recorder, self._request(), self._id, self._so_far))
        except Exception:
            report_trouble("the report of a request could not be made")

    def _request(self) -> Request:
        scope = self._scope
        method = "WEBSOCKET" if self._is_websocket else scope["method"]
        route = route_template(scope, self._outer_root)
        endpoint = scope.get("endpoint")
        request = Request(
            "websocket" if self._is_websocket else "http", method, scope["path"], route, self.status,
            code_start(endpoint) if endpoint is not None else None,
        )  # fmt: skip
        budget = self._guard._options.budgets.get(request.name)
        return replace(request, budget=declared_budget(endpoint) if budget is None else budget)
