"""One request and the report that it ends with."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterable

from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.judge.running_report import RunningReport
from query_guard.own_errors import report_own_error
from query_guard.records import Finding, Numbers, Report
from query_guard.reporters.request_span import RequestSpan
from query_guard.web.asgi import Message, Receive, Scope, Send
from query_guard.web.described_request import DescribedRequest
from query_guard.web.headers import empty_headers, pending_headers, report_headers
from query_guard.web.own_thread import own_thread
from query_guard.web.report_link import report_link
from query_guard.web.setup import Setup

MAX_JUDGED_FOR_HEADERS = 500
"""The most statements that are judged before the response starts; of more, the headers say `pending`."""


class Exchange(DescribedRequest):
    """Makes the headers of a request, and its report."""

    __slots__ = ("_published", "_recorder", "_report")
    sampled = True

    def __init__(
        self, setup: Setup, scope: Scope, receive: Receive, send: Send, recorder: Recorder, window: open_window
    ) -> None:
        super().__init__(setup, scope, receive, send, recorder, window)
        self._recorder = recorder
        self._report: RunningReport | None = None
        self._published = False

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
        """Make and publish the report of a large window in the guard's own thread, so that the event loop is free.

        An exception of the application that passes meanwhile goes on: a cancellation of this wait does not replace it,
        and after a GeneratorExit nothing may be awaited.
        """
        escaped = self.escaped
        if escaped is not None and not issubclass(escaped, (Exception, CancelledError)):
            self._publish()
            return
        try:
            await own_thread.run(self._publish)
        except CancelledError:
            if escaped is None:
                raise
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
