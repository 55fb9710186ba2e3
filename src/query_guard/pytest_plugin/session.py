"""One run of pytest: the hooks around each test, and the entries of its tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

from query_guard.judge.listeners import listeners, refusal_listeners
from query_guard.pytest_plugin.call import ENTRY, OWN_ERRORS, around, fail_for_what_was_not_awaited, judge
from query_guard.pytest_plugin.middleware_reports import MiddlewareReports
from query_guard.pytest_plugin.recorded_call import STALE, USED
from query_guard.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    from query_guard.records import Report
    from query_guard.testing.tallies import Entry

NAME = "query_guard_session"
_CARRIED = "query_guard"
"""The attribute of a test's report that carries the entry of the test to the process that writes the summary."""
_OUTCOME = pytest.StashKey[str]()


class GuardedSession:
    """Gathers the entries of all tests. The last report of a test carries its entry, also from xdist's workers."""

    def __init__(self, settings: Settings, *, is_worker: bool) -> None:
        self.settings = settings
        self.middleware_reports = MiddlewareReports()
        self.entries: dict[str, Entry] = {}
        self.written: list[str] = []
        self._is_worker = is_worker
        self._before: tuple[list[Callable[[Report], None]], list[Callable[[str], None]]] = ([], [])

    def start(self) -> None:
        """Replace the listeners: a run inside another run, as pytester makes them, is not reported to the outer one."""
        self._before = listeners[:], refusal_listeners[:]
        listeners[:] = [self.middleware_reports] if self.settings.listens else []
        refusal_listeners[:] = [self.middleware_reports.refusals.add] if self.settings.listens else []

    def stop(self) -> None:
        listeners[:], refusal_listeners[:] = self._before

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge the test; where nothing uses query_guard, only check afterwards whether the test has imported it."""
        __tracebackhide__ = True
        if (
            "query_guard.judge.pipeline" in sys.modules
            or self.settings.records
            or self.settings.allow
            or item.get_closest_marker("query_guard")
        ):
            with around(item, self.settings, self.middleware_reports):
                return (yield)
        result = yield
        if self.middleware_reports.fails:
            judge(item, self.settings, self.middleware_reports)
        fail_for_what_was_not_awaited()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call":
            item.stash[_OUTCOME] = report.outcome
        elif call.when == "teardown":
            try:
                entry = self._entry(item)
            except Exception as failure:  # the guard's own failure leaves the test's report unchanged
                entry = None
                self.written.append(f"the results of {item.nodeid} could not be gathered: {failure!r}")
            if entry is not None:
                setattr(report, _CARRIED, entry)
        return report

    def _entry(self, item: pytest.Item) -> Entry | None:
        entry, stale = item.stash.get(ENTRY, None), item.stash.get(STALE, [])
        found, errors, used = self.middleware_reports.findings, item.stash.get(OWN_ERRORS, {}), item.stash.get(USED, [])
        if entry is None and not found and not stale and not errors and not used:
            return None
        if entry is None:
            from query_guard.pytest_plugin.entries import middleware_entry

            entry = middleware_entry(item.nodeid, found)
        self.middleware_reports.findings = []
        return {
            **entry,
            "outcome": item.stash.get(_OUTCOME, "failed"),
            "stale": stale,
            "used": used,
            "own_errors": errors,
        }

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        entry = getattr(report, _CARRIED, None)
        if entry is not None and not self._is_worker:
            self.entries[entry["test"]] = entry

    def pytest_deselected(self) -> None:
        self.settings.runs_all = False

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        has_outputs = self.settings.writes_baseline or (self.settings.listens and self.settings.reports)
        if self._is_worker or not has_outputs or session.config.option.collectonly:
            return
        from query_guard.pytest_plugin.outputs import write_outputs

        ended = exitstatus not in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        complete = ended and not (session.shouldstop or session.shouldfail)
        if not write_outputs(self.settings, list(self.entries.values()), self.written, complete=complete):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not (self.entries or self.written):
            return
        from query_guard.pytest_plugin.summary import sections

        try:
            titled_lines = list(sections(self.settings, list(self.entries.values()), self.written))
        except Exception as failure:  # the guard's own failure must not end pytest's summary
            titled_lines = [("query_guard", [f"the summary could not be made: {failure!r}"])]
        for title, lines in titled_lines:
            terminalreporter.ensure_newline()
            terminalreporter.section(title, sep="-")
            for line in lines:
                terminalreporter.write_line(line)
