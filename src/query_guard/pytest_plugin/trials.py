"""`--query-guard-try`: a test that has findings with a loader option runs once more, with the options in place.

The test is over by then, and its outcome stands. The second run makes the fixtures anew, and is not reported.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from query_guard.pytest_plugin.call import RECORDED, Recorded
from query_guard.pytest_plugin.session import GuardedSession
from query_guard.pytest_plugin.tried_findings import (
    Again,
    Tries,
    after_trial,
    has_committed,
    options_of_test,
    with_tries,
)

NAME = "query_guard_trials"
_CARRIED = "query_guard_tries"
_MOST_NAMES = 3


class Trials:
    """Runs tests again, and adds what came of it to their entries, in the process that writes the summary."""

    def __init__(self, session: GuardedSession, config: pytest.Config) -> None:
        self._session = session
        self._workeroutput: dict[str, Any] | None = getattr(config, "workeroutput", None)
        self._is_off = bool(config.getoption("usepdb")) or bool(config.getoption("setuponly"))
        self._tries: dict[str, Tries] = {}
        """By test, what became of its findings."""
        self._left: list[str] = []
        """Tests that were left alone, as they have committed."""
        self._failed: dict[str, pytest.TestReport] = {}

    def pytest_collection_finish(self) -> None:
        """Prepare SQLAlchemy before threads of any test may use it."""
        from query_guard.capture.hooks import loader_trial

        self._is_off = self._is_off or not loader_trial.install()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        result = yield
        recorded = item.stash.get(RECORDED, None)
        if recorded is not None:
            del item.stash[RECORDED]
            try:
                self._try(item, nextitem, recorded)
            except Exception as failure:  # of ours, or of a plugin's that does not know a second run
                self._session.written.append(f"{item.nodeid} could not be run again: {failure!r}")
        return result

    def _try(self, item: pytest.Item, nextitem: pytest.Item | None, recorded: Recorded) -> None:
        options = options_of_test(recorded)
        if self._is_off or not options:
            return
        if has_committed(recorded) and not self._session.settings.tries_commits:
            self._left.append(item.nodeid)
            return

        def run_again() -> Again:
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
            again = item.stash.get(RECORDED, None)
            if again is not None:
                del item.stash[RECORDED]
            return again, all(report.passed for report in reports if report.when != "call")

        self._tries[item.nodeid] = after_trial(recorded, options, run_again)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when == "call":
            self._failed[report.nodeid] = report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has tried; one that crashed has said nothing."""
        tries, left = getattr(node, "workeroutput", {}).get(_CARRIED, ({}, []))
        self._tries.update(tries)
        self._left += left

    def pytest_sessionfinish(self) -> None:
        if self._workeroutput is not None:
            self._workeroutput[_CARRIED] = (self._tries, self._left)
            return
        for test, tries in self._tries.items():
            entry = self._session.entries.get(test)
            if entry is not None:
                entry["findings"] = [with_tries(finding, tries) for finding in entry["findings"]]
            if test in self._failed:
                self._failed[test].sections.append(("query_guard: tried", "\n".join(tried["line"] for tried in tries)))
        if self._left:
            self._session.written.append(_not_tried(self._left))


def _not_tried(tests: list[str]) -> str:
    more = f" and {len(tests) - _MOST_NAMES} more" if len(tests) > _MOST_NAMES else ""
    return (
        f"not run again, since they have committed: {', '.join(tests[:_MOST_NAMES])}{more}; where each test makes its "
        "own database, give --query-guard-try-commits"
    )
