"""Which line of the application runs, or waits, while a transaction is open and idle."""

from __future__ import annotations

import sys
from time import perf_counter
from types import FrameType

from query_guard.capture.live.pools import live_watches
from query_guard.capture.live.tasks import suspended
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
    return site_of_frames(list(suspended(task.get_coro()))[::-1]) if task is not None else NOWHERE
