"""The pytest plugin: a thin skin over `query_guard.testing`. It imports nothing heavy until a test asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from query_guard.profile import Recording
    from query_guard.records import Finding, Statement


class QueryGuardFixture:
    """What the `query_guard` fixture gives: everything the test has sent so far, and the assertions for a block."""

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

    def record_queries(self) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.record_queries()

    def assert_max_queries(self, number: int) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.assert_max_queries(number)

    def assert_num_queries(self, number: int) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.assert_num_queries(number)

    def assert_no_findings(self, *, kinds: Collection[str] | None = None) -> AbstractContextManager[Recording]:
        from query_guard import testing

        return testing.assert_no_findings(kinds=kinds)


@pytest.fixture
def query_guard(request: pytest.FixtureRequest) -> Iterator[QueryGuardFixture]:
    """Record the statements of the test that uses it, from here on."""
    from query_guard import testing

    with testing.record_queries(request.node.name) as recording:
        yield QueryGuardFixture(recording)
