"""Connections that are out at the end of a request: lost, or is anybody left who could return them?"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from query_guard.capture.hooks.checkouts import CHECKOUT_KEY
from query_guard.capture.live.leaks import judge_open_checkouts
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.stages import AFTER_RESPONSE, BEFORE_RESPONSE, STREAMING
from query_guard.capture.window.window import Window, current
from query_guard.records import NOWHERE
from query_guard.testing import record_queries

SERVER = "/venv/site-packages/uvicorn/protocol.py"
TESTCLIENT = "/venv/site-packages/starlette/testclient.py"
IN_ANOTHER_TASK = "/venv/site-packages/starlette/middleware/base.py"
LIBRARY = "/venv/site-packages/asgiref/server.py"
APPLICATION = "/srv/shop/middleware.py"


def judged(window: Window, recorder: Recorder, *files: str) -> None:
    """Judge from below frames of these files, the innermost first."""
    call: Any = judge_open_checkouts
    for file in files:
        space: dict[str, Any] = {"inner": call}
        exec(compile("def call(window, recorder):\n    inner(window, recorder)\n", file, "exec"), space)
        call = space["call"]
    call(window, recorder)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=QueuePool)
    yield engine
    engine.dispose()


@pytest.fixture
def window() -> Iterator[Window]:
    window = open_window(Recorder(), True)
    window.open()
    yield window
    window.seal()


@pytest.fixture
def checkout(engine: Engine, window: Window) -> OpenCheckout:
    checkout = OpenCheckout(PoolWatch(engine.pool), 0.0, NOWHERE, window, None)
    assert window.recorder is not None
    window.recorder.checkouts.append(checkout)
    return checkout


def outcome(window: Window, checkout: OpenCheckout, *files: str) -> str:
    assert window.recorder is not None
    judged(window, window.recorder, *(files or (SERVER,)))
    return checkout.outcome


def test_a_connection_that_nobody_can_return_is_lost(window: Window, checkout: OpenCheckout) -> None:
    assert outcome(window, checkout) == "leaked"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"running": True}, "late"),
        ({"stage": BEFORE_RESPONSE}, "leaked"),
        ({"stage": STREAMING}, "late"),
        ({"stage": AFTER_RESPONSE}, "leaked"),
        ({"outcome": "returned"}, "returned"),
        ({"outcome": "timeout"}, "timeout"),
        ({"request": -1}, "open"),
        ({"request": 1 << 40}, "open"),
    ],
)
def test_what_goes_on_may_return_its_connection(
    window: Window, checkout: OpenCheckout, fields: dict[str, Any], told: str
) -> None:
    for name, value in fields.items():
        setattr(checkout, name, value)
    assert outcome(window, checkout) == told


@pytest.mark.parametrize(("is_request", "told"), [(True, "late"), (False, "open")])
def test_connections_are_judged_as_a_request_ends_and_not_as_a_block_does(
    engine: Engine, is_request: bool, told: str
) -> None:
    with open_window(Recorder(), is_request) as window:
        held = OpenCheckout(PoolWatch(engine.pool), 0.0, NOWHERE, window, None)
        assert window.recorder is not None
        window.recorder.checkouts.append(held)
    assert held.outcome == told  # this test is around it, and may return it


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ((SERVER, APPLICATION), "leaked"),
        ((LIBRARY, SERVER), "leaked"),
        ((LIBRARY, TESTCLIENT), "leaked"),
        ((APPLICATION, SERVER), "late"),
        ((LIBRARY, APPLICATION, SERVER), "late"),
        ((IN_ANOTHER_TASK, SERVER), "late"),
        ((LIBRARY,), "late"),  # this test is around it
    ],
)
def test_the_application_may_return_it_around_the_guard(
    window: Window, checkout: OpenCheckout, files: tuple[str, ...], told: str
) -> None:
    assert outcome(window, checkout, *files) == told


def works(begun: threading.Event, end: threading.Event) -> None:
    begun.set()
    end.wait(30)


@pytest.mark.parametrize("is_at_work", [True, False])
def test_a_thread_at_work_may_return_it(window: Window, checkout: OpenCheckout, is_at_work: bool) -> None:
    begun, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=works if is_at_work else end.wait, args=(begun, end) if is_at_work else (30,))
    thread.start()
    if is_at_work:
        assert begun.wait(30)
    checkout.task = thread.ident or 0
    told = outcome(window, checkout)
    end.set()
    thread.join()
    assert told == ("late" if is_at_work else "leaked")


def test_a_thread_without_the_application_around_is_nobody_who_could_return_it(
    window: Window, checkout: OpenCheckout
) -> None:
    assert window.recorder is not None
    checkout.task = -1
    space: dict[str, Any] = {"judge": judge_open_checkouts}
    exec(compile("def run(window, recorder):\n    judge(window, recorder)\n", LIBRARY, "exec"), space)
    thread = threading.Thread(target=space["run"], args=(window, window.recorder))
    thread.start()
    thread.join()
    assert checkout.outcome == "leaked"


def test_the_thread_that_judges_is_not_at_work(window: Window, checkout: OpenCheckout) -> None:
    checkout.task = get_ident()
    assert outcome(window, checkout) == "leaked"


def test_a_thread_that_has_ended_is_not_at_work(window: Window, checkout: OpenCheckout) -> None:
    checkout.task = -1
    assert outcome(window, checkout) == "leaked"


@pytest.mark.parametrize(("where", "told"), [("window", "late"), ("inner", "late"), ("outside", "leaked")])
@pytest.mark.asyncio
async def test_another_task_of_the_request_may_return_it(
    window: Window, checkout: OpenCheckout, where: str, told: str
) -> None:
    token = current.set(window if where != "outside" else None)
    inner = open_window(Recorder()) if where == "inner" else None
    if inner is not None:
        current.set(inner)
    task = asyncio.create_task(asyncio.sleep(60))
    current.reset(token)
    found = outcome(window, checkout)
    task.cancel()
    assert found == told


@pytest.mark.asyncio
async def test_the_task_that_judges_is_no_other(window: Window, checkout: OpenCheckout) -> None:
    async def judge() -> str:
        task = asyncio.current_task()
        assert task is not None
        checkout.owner, checkout.task = weakref.ref(task), get_ident()
        token = current.set(window)
        found = outcome(window, checkout)
        current.reset(token)
        return found

    assert await asyncio.create_task(judge()) == "leaked"


@pytest.mark.parametrize(("is_lent", "told"), [(True, "late"), (False, "leaked")])
def test_a_session_of_a_test_returns_it_after_the_request(engine: Engine, is_lent: bool, told: str) -> None:
    with record_queries():
        lent = Session(engine)
        with open_window(Recorder(), True) as window:
            session = lent if is_lent else Session(engine)
            checkout: OpenCheckout = session.connection().connection.__dict__[CHECKOUT_KEY]
            found = outcome(window, checkout)
        session.close()
        lent.close()
    assert found == told
