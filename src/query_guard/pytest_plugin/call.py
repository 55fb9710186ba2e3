"""The call phase of a test: recorded where anybody asks for it, and judged at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

from query_guard.own_errors import own_errors
from query_guard.pytest_plugin.limits import Limits, WrongMarker, limits_of
from query_guard.pytest_plugin.middleware_reports import MiddlewareReports
from query_guard.pytest_plugin.past_sqlalchemy import PastSqlalchemy
from query_guard.pytest_plugin.settings import Settings
from query_guard.pytest_plugin.test_code import TestCode, code_of_tests

if TYPE_CHECKING:
    from query_guard.recording import Recording
    from query_guard.testing.tallies import Entry

ENTRY: pytest.StashKey[Entry] = pytest.StashKey()
STALE = pytest.StashKey[list[str]]()
USED = pytest.StashKey[list[str]]()
"""The allowances of the whole suite that a test made use of."""
_CODE: pytest.StashKey[TestCode] = pytest.StashKey()
OWN_ERRORS = pytest.StashKey[dict[str, int]]()


def around(item: pytest.Item, settings: Settings, reported: MiddlewareReports) -> AbstractContextManager[None]:
    """Return what goes around the call phase; the window itself is around the test and not around its fixtures.

    unittest runs setUp and tearDown in the call phase, so there the window goes around the method.
    """
    held = partial(_held, item, settings, reported)
    return _around_method(item, held) if _is_unittest(item) else held()


@contextmanager
def _held(item: pytest.Item, settings: Settings, reported: MiddlewareReports) -> Iterator[None]:
    __tracebackhide__ = True
    limits = _checked_limits(item)
    settings = _settings_for(limits, settings)
    reported.begin()
    errors_before = own_errors()
    recording = None
    past = PastSqlalchemy() if settings.require and settings.listens else None
    try:
        with ExitStack() as stack:
            recording = _enter(stack, item, settings, limits)
            if past is not None:
                stack.enter_context(past)
            yield
    except (Exception, pytest.fail.Exception):
        try:  # whatever fails here, the test's own failure stays what it is
            if text := _verdict(item, settings, reported, limits, recording):
                item.add_report_section("call", "query_guard", text)
        except Exception as failure:
            item.add_report_section("call", "query_guard", f"what the test sent could not be judged: {failure!r}")
        raise
    finally:
        item.stash[OWN_ERRORS] = own_errors(errors_before)
        if not settings.listens:
            reported.findings.clear()
    judge(item, settings, reported, limits, recording)
    if past is not None and past.connections:
        pytest.fail(past.message(), pytrace=False)
    fail_for_what_was_not_awaited()


def fail_for_what_was_not_awaited() -> None:
    """Fail a test whose assertion has asserted nothing, as nobody awaited it."""
    __tracebackhide__ = True
    growth = sys.modules.get("query_guard.testing.growth")
    if growth is not None and (text := growth.not_awaited_message()):
        pytest.fail(text, pytrace=False)


def _checked_limits(item: pytest.Item) -> Limits:
    """Read the marker of a test, or fail the test with one line: outside of `except`, where pytest shows no cause."""
    __tracebackhide__ = True
    try:
        return limits_of(item)
    except WrongMarker as error:
        wrong = f"{item.nodeid}: {error}"
    pytest.fail(wrong, pytrace=False)


def _settings_for(limits: Limits, settings: Settings) -> Settings:
    """Return the settings of the run as the marker of a test changes them."""
    if limits.mode and settings.listens:
        settings = replace(settings, mode=limits.mode)
    return settings if limits.fail_on is None else replace(settings, fail_on=frozenset(limits.fail_on))


def judge(
    item: pytest.Item,
    settings: Settings,
    reported: MiddlewareReports,
    limits: Limits = Limits(),  # noqa: B008
    recording: Recording | None = None,
) -> None:
    """Fail a test that has sent more than it may."""
    __tracebackhide__ = True
    if text := _verdict(item, settings, reported, limits, recording):
        pytest.fail(text, pytrace=False)


def _enter(stack: ExitStack, item: pytest.Item, settings: Settings, limits: Limits) -> Recording | None:
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
    """Import before the test what judges it: threads of the application may import, too, while it ends.

    pytest compiles the modules of plugins, and CPython 3.11 raises a SystemError where two threads compile at once.
    """
    import query_guard.pytest_plugin.entries
    import query_guard.pytest_plugin.verdict  # noqa: F401


def _test_code(session: pytest.Session) -> TestCode:
    code = session.stash.get(_CODE, None)
    if code is None:
        code = session.stash[_CODE] = code_of_tests(session)
    return code


def _verdict(
    item: pytest.Item, settings: Settings, reported: MiddlewareReports, limits: Limits, recording: Recording | None
) -> str:
    """Return what is wrong with what the test sent, or nothing."""
    if recording is None and not (reported.fails and settings.listens):
        return ""
    from query_guard.pytest_plugin.entries import entry_of
    from query_guard.pytest_plugin.verdict import verdict

    if recording is not None and settings.records:
        item.stash[ENTRY] = entry_of(item.nodeid, recording, settings.known)
    return verdict(settings, reported, limits, recording, item.stash.get(ENTRY, None))


def _is_unittest(item: pytest.Item) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and isinstance(getattr(item, "instance", None), unittest.TestCase)


@contextmanager
def _around_method(item: Any, held: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    method = item.obj

    @wraps(method)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with held():
            return await method(*args, **kwargs)

    @wraps(method)
    def called(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with held():
            return method(*args, **kwargs)

    item.obj = awaited if iscoroutinefunction(method) else called
    setattr(item.instance, item.name, item.obj)
    try:
        yield
    finally:
        item.obj = method
        vars(item.instance).pop(item.name, None)
