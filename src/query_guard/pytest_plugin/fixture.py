"""The value of the `query_guard` fixture: what the test has sent so far, and the assertions for a block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from query_guard.recording import Recording
    from query_guard.records import Finding, Statement


class QueryGuardFixture:
    """The running recording of a test, and the assertions of `query_guard.testing`."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def query_count(self) -> int:
        return self._recording.query_count

    @property
    def statements(self) -> tuple[Statement, ...]:
        return self._recording.statements

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self._recording.findings

    def record_queries(self, *, reads: bool = False, required: bool = False) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.record_queries(reads=reads, required=required)

    def assert_max_queries(self, number: int) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.assert_max_queries(number)

    def assert_num_queries(self, number: int) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.assert_num_queries(number)

    def assert_no_findings(
        self, *, kinds: Collection[str] | None = None, reads: bool = False
    ) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.assert_no_findings(kinds=kinds, reads=reads)

    def assert_constant_queries(
        self,
        call: Callable[[], object],
        populate: Callable[[int], object],
        scales: Sequence[int] = (2, 5),
        warm_up: bool = True,
    ) -> Any:
        """Await the result where `call` or `populate` is async."""
        __tracebackhide__ = True
        from query_guard import testing

        return testing.assert_constant_queries(call, populate, scales, warm_up)
