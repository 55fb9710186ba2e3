"""One run of pytest: the hooks around each test, and what its tests leave behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

from query_guard.judge.listeners import listeners, refusal_listeners
from query_guard.pytest_plugin.call import ENTRY, OWN_ERRORS, STALE, USED, around, fail_for_what_was_not_awaited, judge
from query_guard.pytest_plugin.middleware_reports import MiddlewareReports
from query_guard.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    from query_guard.records import Report
    from query_guard.testing.tallies import Entry

NAME = "query_guard_session"
_CARRIED = "query_guard"
"""The attribute of a test's report that takes what the test left to the process that writes the summary."""
_OUTCOME = pytest.StashKey[str]()


class GuardedSession:
    """Gathers an entry of each test, which travels on its last report: so it arrives from xdist's workers, too."""

    def __init__(self, settings: Settings, *, is_worker: bool) -> None:
        self.settings = settings
        self.reported = MiddlewareReports()
        self.entries: dict[str, Entry] = {}
        self.written: list[str] = []
        self._is_worker = is_worker
        self._before: tuple[list[Callable[[Report], None]], list[Callable[[str], None]]] = ([], [])

    def start(self) -> None:
        """Listen alone: a run inside a run, as pytester makes them, is not reported outside."""
        self._before = listeners[:], refusal_listeners[:]
        listeners[:] = [self.reported] if self.settings.listens else []
        refusal_listeners[:] = [self.reported.refusals.add] if self.settings.listens else []

    def stop(self) -> None:
        listeners[:], refusal_listeners[:] = self._before

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Hold the test to its limits; where nothing of query_guard is in use, only look whether that has changed."""
        __tracebackhide__ = True
        if (
            "query_guard.judge.pipeline" in sys.modules
            or self.settings.records
            or self.settings.allow
            or item.get_closest_marker("query_guard")
        ):
            with around(item, self.settings, self.reported):
                return (yield)
        result = yield
        if self.reported.fails:
            judge(item, self.settings, self.reported)
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
            except Exception as failure:  # of ours: the test's report stays as it is
                entry = None
                self.written.append(f"what {item.nodeid} left could not be gathered: {failure!r}")
            if entry is not None:
                setattr(report, _CARRIED, entry)
        return report

    def _entry(self, item: pytest.Item) -> Entry | None:
        entry, stale = item.stash.get(ENTRY, None), item.stash.get(STALE, [])
        found, errors, used = self.reported.findings, item.stash.get(OWN_ERRORS, {}), item.stash.get(USED, [])
        if entry is None and not found and not stale and not errors and not used:
            return None
        if entry is None:
            from query_guard.pytest_plugin.entries import middleware_entry

            entry = middleware_entry(item.nodeid, found)
        self.reported.findings = []
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
        wanted = self.settings.writes_baseline or (self.settings.listens and self.settings.reports)
        if self._is_worker or not wanted or session.config.option.collectonly:
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
            told = list(sections(self.settings, list(self.entries.values()), self.written))
        except Exception as failure:  # of ours: what pytest itself has to say still follows
            told = [("query_guard", [f"the summary could not be made: {failure!r}"])]
        for title, lines in told:
            terminalreporter.ensure_newline()
            terminalreporter.section(title, sep="-")
            for line in lines:
                terminalreporter.write_line(line)
