"""A pool that starves since all threads wait for it."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Finding
from query_guard.capture.live.threads import busy_threads, thread_limit
from query_guard.detectors import PoolTimeout, PoolWait
from query_guard.records import NOWHERE, Doing, Facts, Holder
from tests.reports import checkout, facts_of

THREADS = "All 40 threads of sync endpoints were taken by requests that wait for this pool"


def holder(doing: Doing = "idle in transaction", idle: float = 2.0) -> Holder:
    return Holder(1, "GET /users", NOWHERE, 2.0, idle, doing, False)


def facts(limit: int | None = 40, **fields: Any) -> Facts:
    given = {"outcome": "timeout", "wait": 2.0, "busy_threads": 40, "holders": (holder(), holder())}
    return facts_of(checkouts=(checkout(**{**given, **fields}),), thread_limit=limit)


def fix_of(found: Facts) -> str:
    (finding,) = PoolTimeout()(found)
    assert isinstance(finding, Finding)
    return finding.fix


def test_the_threads_are_named() -> None:
    assert fix_of(facts()).startswith(THREADS)


def test_also_where_a_connection_was_had_in_the_end() -> None:
    (finding,) = PoolWait()(facts(outcome="returned", holders=(holder("then returned"), holder(), holder())))
    assert finding.fix.startswith(THREADS)


@pytest.mark.parametrize(("busy", "is_named"), [(31, False), (32, True)])
def test_four_fifths_of_the_threads_are_enough(busy: int, is_named: bool) -> None:
    assert fix_of(facts(busy_threads=busy)).startswith(THREADS) == is_named


@pytest.mark.parametrize(("idle", "is_named"), [(0.99, False), (1.0, True)])
def test_a_holder_is_idle_that_was_so_for_half_of_the_wait(idle: float, is_named: bool) -> None:
    assert fix_of(facts(wait=2.0, holders=(holder(idle=idle),))).startswith(THREADS) == is_named


@pytest.mark.parametrize(("idle", "is_named"), [(2, False), (3, True)])
def test_most_holders_have_to_be_idle(idle: int, is_named: bool) -> None:
    at_work = (holder("running a statement", 0.0),) * (4 - idle)
    assert fix_of(facts(holders=(*[holder()] * idle, *at_work))).startswith(THREADS) == is_named


@pytest.mark.parametrize(
    "found",
    [
        facts(limit=None),
        facts(busy_threads=20),
        facts(holders=(holder("running a statement", 0.0), holder())),
        facts(holders=(holder(idle=0.1), holder(idle=0.1))),
    ],
    ids=[
        "an unknown number of threads",
        "half of the threads",
        "holders at work",
        "holders that were idle for a moment",
    ],
)
def test_it_is_something_else_with(found: Facts) -> None:
    assert "threads" not in fix_of(found)


@pytest.mark.anyio
async def test_the_threads_at_work_are_counted() -> None:
    from anyio import to_thread

    assert thread_limit() == to_thread.current_default_thread_limiter().total_tokens
    assert await to_thread.run_sync(busy_threads) == 1


def test_threads_of_a_release_that_keeps_them_otherwise_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class WorkerThread:
        idle_workers = None

    monkeypatch.setattr("threading.enumerate", lambda: [WorkerThread()])
    assert busy_threads() == 0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_outside_an_event_loop_the_limit_is_not_known() -> None:
    assert thread_limit() is None
