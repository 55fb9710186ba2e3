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
from query_guard.pytest_plugin.heard import Heard
from query_guard.pytest_plugin.limits import Limits, limits_of
from query_guard.pytest_plugin.settings import Settings

if TYPE_CHECKING:
    from query_guard.recording import Recording
    from query_guard.tallies import Entry

ENTRY: pytest.StashKey[Entry] = pytest.StashKey()
STALE = pytest.StashKey[list[str]]()
OWN_ERRORS = pytest.StashKey[dict[str, int]]()


def around(item: pytest.Item, settings: Settings, heard: Heard) -> AbstractContextManager[None]:
    """Return what goes around the call phase; the window itself is around the test and not around its fixtures.

    unittest runs setUp and tearDown in the call phase, so there the window goes around the method.
    """
    held = partial(_held, item, settings, heard)
    return _around_method(item, held) if _is_unittest(item) else held()


@contextmanager
def _held(item: pytest.Item, settings: Settings, heard: Heard) -> Iterator[None]:
    __tracebackhide__ = True
    limits = limits_of(item)
    if limits.mode and settings.listens:
        settings = replace(settings, mode=limits.mode)
    heard.begin()
    errors_before = own_errors()
    recording = None
    try:
        with ExitStack() as stack:
            recording = _enter(stack, item, settings, limits)
            yield
    except (Exception, pytest.fail.Exception):
        try:  # whatever fails here, the test's own failure stays what it is
            if text := _verdict(item, settings, heard, limits, recording):
                item.add_report_section("call", "query_guard", text)
        except Exception as failure:
            item.add_report_section("call", "query_guard", f"what the test sent could not be judged: {failure!r}")
        raise
    finally:
        item.stash[OWN_ERRORS] = own_errors(errors_before)
        if not settings.listens:
            heard.findings.clear()
    judge(item, settings, heard, limits, recording)


def judge(
    item: pytest.Item,
    settings: Settings,
    heard: Heard,
    limits: Limits = Limits(),  # noqa: B008
    recording: Recording | None = None,
) -> None:
    """Fail a test that has sent more than it may."""
    __tracebackhide__ = True
    if text := _verdict(item, settings, heard, limits, recording):
        pytest.fail(text, pytrace=False)


def _enter(stack: ExitStack, item: pytest.Item, settings: Settings, limits: Limits) -> Recording | None:
    if not (limits.allow or settings.records or limits.max_queries is not None):
        return None
    from query_guard import testing

    allowances = stack.enter_context(testing.allow_in_process(limits.allow))
    if limits.allow:
        stack.callback(lambda: item.stash.__setitem__(STALE, [a.pattern for a in allowances if not a.matched]))
    if settings.records or limits.max_queries is not None:
        return stack.enter_context(testing.record_queries(item.nodeid))
    return None


def _verdict(item: pytest.Item, settings: Settings, heard: Heard, limits: Limits, recording: Recording | None) -> str:
    """Return what is wrong with what the test sent, or nothing."""
    if recording is None and not (heard.fails and settings.listens):
        return ""
    from query_guard.pytest_plugin.entries import entry_of
    from query_guard.pytest_plugin.verdict import verdict

    if recording is not None and settings.records:
        item.stash[ENTRY] = entry_of(item.nodeid, recording, settings.known)
    return verdict(settings, heard, limits.max_queries, recording, item.stash.get(ENTRY, None))


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
