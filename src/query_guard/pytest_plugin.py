"""The pytest plugin: a thin skin over `query_guard.testing`. It imports nothing heavy until a test asks for it."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from query_guard.recording import Recording
    from query_guard.records import Finding, Statement


_STALE = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STALE] = []
    config.addinivalue_line(
        "markers",
        "query_guard(*, max_queries=None, allow=()): fail the test when it sends more than max_queries statements; "
        "allow findings by relationship ('Post.author'), kind, or kind and place ('n_plus_one:crud.py:load')",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Hold the test itself, not its fixtures, to the limits of its marker."""
    marker = item.get_closest_marker("query_guard")
    if marker is None:
        return (yield)
    with ExitStack() as stack:
        _enter_limits(stack, item, *_limits(item, marker))
        return (yield)


def _limits(item: pytest.Item, marker: pytest.Mark) -> tuple[int | None, Sequence[str]]:
    unknown = {*marker.kwargs} - {"max_queries", "allow"}
    if marker.args or unknown:
        given = repr(min(unknown)) if unknown else "positional values"
        raise pytest.UsageError(f"{item.nodeid}: the marker query_guard takes max_queries= and allow=, not {given}")
    return marker.kwargs.get("max_queries"), marker.kwargs.get("allow", ())


def _enter_limits(stack: ExitStack, item: pytest.Item, max_queries: int | None, patterns: Sequence[str]) -> None:
    from query_guard import testing

    if max_queries is not None:
        stack.enter_context(testing.assert_max_queries(max_queries))
    if patterns:
        allowances = stack.enter_context(testing.allow_in_process(patterns))
        stale = item.config.stash[_STALE]
        stack.callback(lambda: stale.extend(f"{item.nodeid}: {a.pattern!r}" for a in allowances if not a.matched))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    stale = config.stash[_STALE]
    if stale:
        terminalreporter.section("query_guard: allowances that matched nothing", sep="-")
        for line in stale:
            terminalreporter.write_line(line)


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
