"""A request that is not sampled: its statements are counted, and most often that is all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from query_guard.judge.budgets import least_declared
from query_guard.records import Finding, Numbers
from query_guard.web.exchange import Exchange
from query_guard.web.headers import counted_headers, empty_headers
from query_guard.web.setup import Setup

if TYPE_CHECKING:
    from query_guard.web.counted_request import CountedRequest


class CountedExchange(Exchange):
    """An exchange that judges nothing, unless a checkout failed or there were many statements."""

    __slots__ = ()
    sampled = False

    def take_over(self, request: CountedRequest) -> None:
        """Go on with a request that has begun without an exchange."""
        self._id, self._app, self._outer_root = request._id, request._app, request._outer_root
        self._request, self._span = request._request, request._span
        self.status, self.escaped = request.status, request.escaped
        self._recorder.stage = request.window.stage

    def _headers(self) -> Iterable[tuple[bytes, bytes]]:
        count, seconds = self._recorder.dropped()
        if not self._is_quiet(count):
            return super()._headers()
        return counted_headers(self._id, count, seconds) if count else empty_headers(self._id)

    def _judged_so_far(self) -> tuple[Numbers, tuple[Finding, ...]]:
        count, seconds = self._recorder.dropped()
        return (Numbers(count, seconds), ()) if self._is_quiet(count) else super()._judged_so_far()

    def is_published_at_once(self) -> bool:
        count, pipeline = self._recorder.query_count, self._setup.pipeline
        if not self._is_quiet(count) or pipeline.wants_counted_reports():
            return super().is_published_at_once()
        self._end_counted(count)
        return True

    def _is_quiet(self, count: int) -> bool:
        """Whether only statements were seen, and too few for any detector or budget."""
        return not self._recorder.checkouts and is_quiet(self._setup, count)


def is_quiet(setup: Setup, count: int) -> bool:
    """Whether so many statements, and nothing else, are too few for any detector or budget."""
    return count <= setup.judged_above and (count == 0 or count <= least_declared())
