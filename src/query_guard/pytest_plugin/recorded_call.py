"""Record the call of a test, where its marker or the options of the run ask for it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from query_guard.pytest_plugin.limits import Limits
from query_guard.pytest_plugin.settings import Settings
from query_guard.pytest_plugin.test_code import TestCode, code_of_tests

if TYPE_CHECKING:
    from query_guard.recording import Recording

STALE = pytest.StashKey[list[str]]()
"""The allowances of the test's marker that matched nothing."""
USED = pytest.StashKey[list[str]]()
"""The allowances of the whole suite that matched something in the test."""
_CODE: pytest.StashKey[TestCode] = pytest.StashKey()


def record_call(stack: ExitStack, item: pytest.Item, settings: Settings, limits: Limits) -> Recording | None:
    """Enter what records and allows, and return the recording; None where the call is not recorded."""
    if not (limits.allow or settings.allow or settings.records or limits.are_set):
        return None
    from query_guard import testing

    suite = stack.enter_context(testing.allow_in_process(settings.allow))
    stack.callback(lambda: item.stash.__setitem__(USED, [a.pattern for a in suite if a.matched]))
    allowances = stack.enter_context(testing.allow_in_process(limits.allow))
    if limits.allow:
        stack.callback(lambda: item.stash.__setitem__(STALE, [a.pattern for a in allowances if not a.matched]))
    if not (settings.records or limits.are_set):
        return None
    _import_what_judges()
    if settings.mode in ("warn", "fail"):
        from query_guard.pytest_plugin.boundaries import request_boundaries

        stack.enter_context(request_boundaries())
    return stack.enter_context(
        testing.record_queries(item.nodeid, reads=settings.reads, is_test_code=_test_code(item.session))
    )


def _import_what_judges() -> None:
    """Import the modules that judge a test before it runs: at its end, the application's threads may import, too.

    pytest compiles the modules of plugins, and CPython 3.11 raises a SystemError where two threads compile at once.
    """
    import query_guard.pytest_plugin.entries
    import query_guard.pytest_plugin.verdict  # noqa: F401


def _test_code(session: pytest.Session) -> TestCode:
    code = session.stash.get(_CODE, None)
    if code is None:
        code = session.stash[_CODE] = code_of_tests(session)
    return code
