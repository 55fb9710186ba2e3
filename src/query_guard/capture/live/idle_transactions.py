"""Which line of the application runs, or waits, while a transaction is open and idle."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from types import FrameType
from typing import Any

from query_guard.capture.live.pools import live_watches
from query_guard.capture.live.tasks import suspended, window_of
from query_guard.capture.origin.call_site import call_site, site_of_frames
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.pauses import Pauses
from query_guard.records import NOWHERE, CallSite

NOTICED_PAUSE = 0.05
"""Seconds a transaction must be idle before its line is noted."""


def note_pauses() -> None:
    """Note the line that is running for each transaction that is open and idle."""
    now = perf_counter()
    frames: dict[int, FrameType] = {}
    for watch in live_watches():
        for checkout in list(watch.holders.values()):
            transaction = checkout.transaction
            if transaction is None or checkout.running or now - checkout.last < NOTICED_PAUSE:
                continue
            pauses = transaction.pauses
            if pauses is None:
                pauses = transaction.pauses = Pauses()
            if not pauses.extend(checkout.last, now):
                frames = frames or sys._current_frames()
                pauses.add(checkout.last, now, _waiting_at(checkout, frames))


def _waiting_at(checkout: OpenCheckout, frames: dict[int, FrameType]) -> CallSite:
    if checkout.owner is None:
        return call_site(frames.get(checkout.task))
    task = checkout.owner()
    if task is None:
        return NOWHERE
    site = _site_of(task)
    return site if site.frames else site_of_other_task(task)


def _site_of(task: asyncio.Task[Any]) -> CallSite:
    return site_of_frames(list(suspended(task.get_coro()))[::-1])


def site_of_other_task(task: asyncio.Task[Any]) -> CallSite:
    """Return where the only other task of the same window waits that has a line of the application.

    Starlette streams an answer in a task of its own, and `gather` makes one of each coroutine.
    """
    window = window_of(task)
    others = asyncio.all_tasks(task.get_loop()) - {task} if window is not None else ()
    sites = [site for other in others if window_of(other) is window and (site := _site_of(other)).frames]
    return sites[0] if len(sites) == 1 else NOWHERE
