"""A request that is not sampled, while nothing is to be judged: as most are, to their end."""

from __future__ import annotations

from collections.abc import Iterable

from query_guard.capture.live.counting_window import CountingWindow
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Numbers
from query_guard.reporters.request_span import RequestSpan
from query_guard.web.asgi import Message, Receive, Scope, Send
from query_guard.web.counted import CountedExchange, is_quiet
from query_guard.web.described_request import DescribedRequest
from query_guard.web.headers import counted_headers, empty_headers
from query_guard.web.setup import Setup


class CountedRequest(DescribedRequest):
    """Stands in for an exchange, which is made only where something is to be judged."""

    __slots__ = ("_counted", "_exchange", "_recorder")
    window: CountingWindow

    def __init__(self, setup: Setup, scope: Scope, receive: Receive, send: Send, window: CountingWindow) -> None:
        super().__init__(setup, scope, receive, send, window, window)
        self._counted = window.counted
        self._exchange: CountedExchange | None = None
        self._recorder: Recorder | None = None
        """The recorder that the window had at its end, if it had any."""
        window.describe = self._request_now

    def _with_headers(self, message: Message) -> Message:
        return {**message, "headers": [*message.get("headers", ()), *self._headers()]}

    def _headers(self) -> Iterable[tuple[bytes, bytes]]:
        counted = self._counted.copy()
        if self.window.recorder is not None or not is_quiet(self._setup, len(counted)):
            return self._ensure_exchange()._headers()
        return counted_headers(self._id, len(counted), sum(counted)) if counted else empty_headers(self._id)

    def _note_span(self, span: RequestSpan) -> None:
        counted = self._counted.copy()
        if self._recorder is not None or self.window.recorder is not None or not is_quiet(self._setup, len(counted)):
            self._ensure_exchange()._note_span(span)
        else:
            span.note(self._id, False, Numbers(len(counted), sum(counted)), ())

    def close(self) -> None:
        self._recorder = self.window.close()

    def is_published_at_once(self) -> bool:
        setup, pipeline = self._setup, self._setup.pipeline
        number = len(self._counted)
        if self._recorder is not None or not is_quiet(setup, number) or pipeline.wants_counted_reports():
            return self._ensure_exchange().is_published_at_once()
        self._end_counted(number)
        return True

    async def publish_in_thread(self) -> None:
        await self._ensure_exchange().publish_in_thread()

    def _ensure_exchange(self) -> CountedExchange:
        """Return the exchange of the request, as far as it has come."""
        if self._exchange is None:
            recorder = self._recorder or self.window.ensure_recorder() or self.window.new_recorder(self._counted)
            self._exchange = CountedExchange(self._setup, self._scope, self._receive, self._send, recorder, self.window)
        self._exchange.take_over(self)
        return self._exchange
