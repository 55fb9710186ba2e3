"""One run of a piece of work, and all that the application has of it."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine

from tests.faults.application import engines
from tests.faults.database import Database
from tests.faults.work import Answer, Blocks, Work


class Outcome(NamedTuple):
    """`calls` are those of the driver; `checked_out` are connections that no pool has back; `unheard` are exceptions
    that Python could raise nowhere; `left` is what the guard has left behind.
    """

    answer: list[Any]
    raised: str
    calls: list[str]
    rows: list[tuple[Any, ...]]
    checked_out: int
    unheard: list[str]
    left: list[str]


def outcome(work: Work, blocks: Blocks, database: Database, begin: Callable[[], None] = lambda: None) -> Outcome:
    """Do a piece of work on a fresh database; `begin` is called when that is ready."""
    database.refill()
    begin()
    answer: Answer = []
    raised, out = "", 0
    left: list[str] = []
    with _unheard() as unheard:
        try:
            asyncio.run(_run(work, blocks, answer, database, unheard, left))
        except BaseException as error:
            raised = f"{type(error).__name__}: {error}"
        pools = [engine.pool for engine in vars(engines).values() if hasattr(engine, "pool")]
        out = sum(pool.checkedout() for pool in pools)
        for pool in pools:
            pool.dispose()
        vars(engines).clear()
    calls = sorted(database.calls)
    return Outcome([*map(_without_ours, answer)], raised, calls, database.rows(), out, unheard, left)


async def _run(
    work: Work, blocks: Blocks, answer: Answer, database: Database, unheard: list[str], left: list[str]
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(repr(context.get("exception"))))
    given: dict[str, Any] = {"connect_args": database.connect_args, "pool_timeout": 1}
    engines.plain = create_engine(database.url(), **given)
    engines.ending = create_engine(database.url(), pool_size=1, max_overflow=0, **{**given, "pool_timeout": 0.01})
    engines.two_phases = create_engine(database.url("two_phases"), **given)
    engines.listened = create_engine(database.url(), **given)
    event.listen(engines.listened, "do_execute", lambda *_: None)
    engines.asynchronous = create_async_engine(database.url("aiosqlite"), pool_size=1, max_overflow=2, **given)
    engines.is_waiting = asyncio.Event()
    try:
        async with asyncio.timeout(30):
            await work(blocks, answer)
    finally:
        left += _left()
        await engines.asynchronous.dispose()


def _without_ours(message: Any) -> Any:
    """Leave out the headers that the guard adds, and is right to leave out where it fails."""
    if "headers" not in message:
        return message
    ours = (b"x-query-", b"server-timing")
    return {**message, "headers": [pair for pair in message["headers"] if not pair[0].startswith(ours)]}


@contextmanager
def _unheard() -> Iterator[list[str]]:
    heard: list[str] = []
    before = sys.unraisablehook, threading.excepthook
    sys.unraisablehook = lambda one: heard.append(repr(one.exc_value)) if not _is_noise(one.exc_value) else None
    threading.excepthook = lambda one: heard.append(repr(one.exc_value))
    try:
        yield heard
        gc.collect(1)
    finally:
        sys.unraisablehook, threading.excepthook = before


def _is_noise(error: BaseException | None) -> bool:
    """Whether CPython could not even warn of a coroutine that a load without a greenlet has left behind."""
    return isinstance(error, KeyError) and error.args == ("__import__",)


def _left() -> list[str]:
    """Name what of the guard's own state is not as it was before."""
    if "query_guard" not in sys.modules:  # before the guard comes
        return []
    left = []
    for name, attributes in _STATE.items():
        module = sys.modules[f"query_guard.{name}"]
        for attribute in attributes:
            value = getattr(module, attribute)
            value = value.get() if hasattr(value, "get") and not isinstance(value, dict) else value
            if value:
                left.append(f"{name}.{attribute}")
                _empty(getattr(module, attribute))
    return left


_STATE = {
    "capture.window.window": ("current", "watchers"),
    "capture.window.trial": ("trying", "in_process"),
    "capture.window.allowed": ("allowed", "allowed_in_process"),
    "capture.hooks.attribute_reads": ("_recorders",),
    "capture.origin.eager_mappings": ("noted_attributes",),
    "judge.listeners": ("listeners", "refusal_listeners"),
}


def _empty(state: Any) -> None:
    """Let what one run left behind not spoil the next."""
    if isinstance(state, list):
        state.clear()
    else:
        state.set(() if state.name == "query_guard_allowed" else None)
