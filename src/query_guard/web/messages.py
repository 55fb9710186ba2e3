"""The messages of one request, handed on in both directions."""

from __future__ import annotations

from query_guard.capture.window.open_checkout import Stages
from query_guard.capture.window.stages import AFTER_RESPONSE, STREAMING
from query_guard.own_errors import report_own_error
from query_guard.reporters.request_span import RequestSpan
from query_guard.web.answer_hash import AnswerHash
from query_guard.web.asgi import Message, Receive, Send


class Messages:
    """Hands messages on, adds the headers, and notes the stage and the status of the answer."""

    __slots__ = ("_adds_headers", "_receive", "_send", "_stages", "status")

    _adds_headers: bool
    _receive: Receive
    _send: Send
    _stages: Stages
    status: int | None
    """The status that was sent."""
    _span: RequestSpan | None = None
    """The span of the request, where a reporter writes on it."""
    _answer: AnswerHash | None = None
    """The hash of the answer, where fixes may be tried."""

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._stages.stage += 1
        return message

    async def send(self, message: Message) -> None:
        """Hand a message on, then change the stage: outer middleware may send statements before it does the same."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            try:
                if self._adds_headers:
                    message = self._with_headers(message)
            except Exception:
                report_own_error("the headers could not be made")
            finally:
                await self._send(message)
            self._stages.stage = STREAMING
        elif (kind == "http.response.body" and not message.get("more_body")) or kind == "http.response.pathsend":
            try:
                if self._span is not None:
                    self._note_span(self._span)
            except Exception:
                report_own_error("the span of a request could not be written")
            finally:
                await self._send(message)
            self._stages.stage = AFTER_RESPONSE
        else:
            await self._send(message)
        if self._answer is not None:
            try:
                self._answer.note(message)
            except Exception:
                report_own_error("the hash of an answer could not be made")

    def _with_headers(self, message: Message) -> Message:
        raise NotImplementedError

    def _note_span(self, span: RequestSpan) -> None:
        """Write on the span what is known of the request; called only where there is one."""
