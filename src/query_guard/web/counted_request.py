"""A request that is not sampled, while nothing is to be judged: as most are, to their end."""

from __future__ import annotations

from collections.abc import Iterable

from query_guard.capture.live.counting_window import CountingWindow
from query_guard.capture.window.recorder import Recorder
from query_guard.judge.pipeline import report_id
from query_guard.records import Request
from query_guard.web.asgi import Message, Receive, Scope, Send
from query_guard.web.counted import CountedExchange, is_quiet
from query_guard.web.headers import counted_headers, empty_headers
from query_guard.web.messages import Messages
from query_guard.web.setup import Setup


class CountedRequest(Messages):
    """Stands in for an exchange, which is made only where something is to be judged."""

    __slots__ = (
        "_counted", "_exchange", "_recorder", "_scope", "_setup", "app", "escaped", "identity", "outer_root", "window",
    )  # fmt: skip
    is_websocket = False

    def __init__(self, setup: Setup, scope: Scope, receive: Receive, send: Send, window: CountingWindow) -> None:
        self._setup = setup
        self._adds_headers = setup.options.headers
        self._scope = scope
        self._receive = receive
        self._send = send
        self.window = self._stages = window
        self._counted = window.counted
        self.identity = report_id()
        self.app = scope.get("app")
        self.outer_root: str = scope.get("root_path", "")
        self._exchange: CountedExchange | None = None
        self._recorder: Recorder | None = None
        self.status = None
        self.escaped: type[BaseException] | None = None
        window.describe = self._request_now

    def _with_headers(self, message: Message) -> Message:
        return {**message, "headers": [*message.get("headers", ()), *self._headers()]}

    def _headers(self) -> Iterable[tuple[bytes, bytes]]:
        counted = self._counted.copy()
        if self.window.recorder is not None or not is_quiet(self._setup, len(counted)):
            return self._ensure_exchange()._headers()
        return counted_headers(self.identity, len(counted), sum(counted)) if counted else empty_headers(self.identity)

    def close(self) -> None:
        self._recorder = self.window.close()

    def is_published_at_once(self) -> bool:
        setup = self._setup
        if self._recorder is None and is_quiet(setup, len(self._counted)) and not setup.pipeline.wants_quiet_reports():
            return True
        return self._ensure_exchange().is_published_at_once()

    async def publish_in_thread(self) -> None:
        await self._ensure_exchange().publish_in_thread()

    def _request_now(self) -> Request:
        return self._ensure_exchange()._request_now()

    def _ensure_exchange(self) -> CountedExchange:
        """Return the exchange of the request, as far as it has come."""
        if self._exchange is None:
            recorder = self._recorder or self.window.ensure_recorder() or self.window.new_recorder(self._counted)
            self._exchange = CountedExchange(self._setup, self._scope, self._receive, self._send, recorder, self.window)
        self._exchange.take_over(self)
        return self._exchange
