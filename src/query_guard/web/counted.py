"""A request that is not sampled: its statements are counted, and most often that is all."""

from __future__ import annotations

from collections.abc import Iterable

from query_guard.judge.budgets import least_declared
from query_guard.records import Finding, Numbers
from query_guard.web.exchange import Exchange
from query_guard.web.headers import counted_headers, empty_headers


class CountedExchange(Exchange):
    """An exchange that judges nothing, unless a checkout failed or there were many statements."""

    __slots__ = ()

    def _headers(self) -> Iterable[tuple[bytes, bytes]]:
        count, seconds = self._recorder.dropped()
        if not self._is_quiet(count):
            return super()._headers()
        return counted_headers(self._id, count, seconds) if count else empty_headers(self._id)

    def _judged_so_far(self) -> tuple[Numbers, tuple[Finding, ...]]:
        count, seconds = self._recorder.dropped()
        return (Numbers(count, seconds), ()) if self._is_quiet(count) else super()._judged_so_far()

    def is_published_at_once(self) -> bool:
        pipeline = self._setup.pipeline
        if self._is_quiet(self._recorder.query_count) and not pipeline.wants_quiet_reports():
            return True
        return super().is_published_at_once()

    def _is_quiet(self, count: int) -> bool:
        """Whether only statements were seen, and too few for any detector or budget."""
        recorder = self._recorder
        return (
            count <= self._setup.judged_above
            and count <= least_declared()
            and not (recorder.checkouts or recorder.rows)
        )
