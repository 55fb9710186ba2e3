"""The call phase of a test: recorded where the marker or an option asks for it, and judged at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from query_guard.own_errors import own_errors
from query_guard.pytest_plugin.limits import Limits, WrongMarker, limits_of
from query_guard.pytest_plugin.middleware_reports import MiddlewareReports
from query_guard.pytest_plugin.past_sqlalchemy import PastSqlalchemy
from query_guard.pytest_plugin.recorded_call import record_call
from query_guard.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    from query_guard.recording import Recording
    from query_guard.testing.tallies import Entry

ENTRY: pytest.StashKey[Entry] = pytest.StashKey()
PASSED = "success"


class Recorded(NamedTuple):
    """What the call of a test has recorded, and how it ended, whatever its findings: `PASSED`, or an exception."""

    recording: Recording
    ended: str


RECORDED: pytest.StashKey[Recorded] = pytest.StashKey()
"""Kept until the test is over, where its fixes are tried."""
OWN_ERRORS = pytest.StashKey[dict[str, int]]()


def around(
    item: pytest.Item, settings: Settings, middleware_reports: MiddlewareReports
) -> AbstractContextManager[None]:
    """Return the context of the call phase. Its window contains the test, but not its fixtures.

    unittest runs setUp and tearDown in the call phase, so there only the method is in the window.
    """
    judging = partial(_judging, item, settings, middleware_reports)
    return _around_method(item, judging) if _is_unittest(item) else judging()


@contextmanager
def _judging(item: pytest.Item, settings: Settings, middleware_reports: MiddlewareReports) -> Iterator[None]:
    __tracebackhide__ = True
    limits = _checked_limits(item)
    settings = _settings_for(limits, settings)
    middleware_reports.begin()
    errors_before = own_errors()
    recording = None
    ended = "another outcome"
    connections_past = PastSqlalchemy() if settings.require and settings.listens else None
    try:
        with ExitStack() as stack:
            recording = record_call(stack, item, settings, limits)
            if connections_past is not None:
                stack.enter_context(connections_past)
            yield
        ended = PASSED
    except (Exception, pytest.fail.Exception) as error:
        ended = type(error).__name__
        try:  # whatever fails here, pytest still reports the test's own failure
            if text := _verdict(item, settings, middleware_reports, limits, recording):
                item.add_report_section("call", "query_guard", text)
        except Exception as failure:
            item.add_report_section("call", "query_guard", f"what the test sent could not be judged: {failure!r}")
        raise
    finally:
        item.stash[OWN_ERRORS] = own_errors(errors_before)
        if recording is not None and settings.tries:
            item.stash[RECORDED] = Recorded(recording, ended)
        if not settings.listens:
            middleware_reports.findings.clear()
    judge(item, settings, middleware_reports, limits, recording)
    if connections_past is not None and connections_past.connections:
        pytest.fail(connections_past.message(), pytrace=False)
    fail_for_what_was_not_awaited()


def fail_for_what_was_not_awaited() -> None:
    """Fail a test whose assertion was not awaited, and so has asserted nothing."""
    __tracebackhide__ = True
    growth = sys.modules.get("query_guard.testing.growth")
    if growth is not None and (text := growth.not_awaited_message()):
        pytest.fail(text, pytrace=False)


def _checked_limits(item: pytest.Item) -> Limits:
    """Read the marker of a test, or fail the test with one line.

    pytest.fail is called outside of `except`, or pytest would show the exception as its cause.
    """
    __tracebackhide__ = True
    try:
        return limits_of(item)
    except WrongMarker as error:
        message = f"{item.nodeid}: {error}"
    pytest.fail(message, pytrace=False)


def _settings_for(limits: Limits, settings: Settings) -> Settings:
    """Return the settings of the run, with the changes of the test's marker."""
    if limits.mode and settings.listens:
        settings = replace(settings, mode=limits.mode)
    return settings if limits.fail_on is None else replace(settings, fail_on=frozenset(limits.fail_on))


def judge(
    item: pytest.Item,
    settings: Settings,
    middleware_reports: MiddlewareReports,
    limits: Limits = Limits(),  # noqa: B008
    recording: Recording | None = None,
) -> None:
    """Fail a test that has exceeded its limits, budgets or baseline, or has findings that fail it."""
    __tracebackhide__ = True
    if text := _verdict(item, settings, middleware_reports, limits, recording):
        pytest.fail(text, pytrace=False)


def _verdict(
    item: pytest.Item,
    settings: Settings,
    middleware_reports: MiddlewareReports,
    limits: Limits,
    recording: Recording | None,
) -> str:
    """Return what is wrong with the statements of the test, or an empty text."""
    if recording is None and not (middleware_reports.fails and settings.listens):
        return ""
    from query_guard.pytest_plugin.entries import entry_of
    from query_guard.pytest_plugin.verdict import verdict

    if recording is not None and settings.records:
        item.stash[ENTRY] = entry_of(item.nodeid, recording, settings.known)
    return verdict(settings, middleware_reports, limits, recording, item.stash.get(ENTRY, None))


def _is_unittest(item: pytest.Item) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and isinstance(getattr(item, "instance", None), unittest.TestCase)


@contextmanager
def _around_method(item: Any, judging: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    method = item.obj

    @wraps(method)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with judging():
            return await method(*args, **kwargs)

    @wraps(method)
    def called(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with judging():
            return method(*args, **kwargs)

    item.obj = awaited if iscoroutinefunction(method) else called
    setattr(item.instance, item.name, item.obj)
    try:
        yield
    finally:
        item.obj = method
        vars(item.instance).pop(item.name, None)
