"""Measure when the event loop was blocked, and by which line.

A heartbeat is a timer that runs in each loop while windows are open there. A late beat says that something blocked the
loop. The watchdog thread, which runs only while there are heartbeats, reads which line it is.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from asyncio.events import _get_running_loop
from collections import deque
from contextvars import Context
from time import perf_counter, sleep
from typing import Any

from query_guard.capture.live.blocker import Blocker
from query_guard.capture.live.idle_transactions import note_pauses
from query_guard.capture.live.tasks import window_of
from query_guard.capture.origin.call_site import call_site
from query_guard.own_errors import contained, report_own_error
from query_guard.records import NOWHERE, LoopBlock

_FAILURE = "the event loop could not be watched"
BEAT = 0.025
"""Seconds between two beats."""
NOTICED_BLOCK = BEAT
"""Seconds by which a beat must be late to count as a block: in a burst, beats are late by a whole beat or more."""
WATCH_INTERVAL = 0.05
"""Seconds between two checks of the watchdog."""
LONG_TURN = 0.02
"""Seconds that one turn of a task must take to be what blocks a loop."""


class Heartbeat:
    """The heartbeat of one loop. `windows` counts those open there; `blocks` are its last blocks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = weakref.ref(loop)
        self.thread = threading.get_ident()
        self.windows = 0
        self.is_active = False
        self.due = 0.0
        self.blocks: deque[LoopBlock] = deque(maxlen=256)
        self._context = Context()  # an empty one: a beat must not keep the window in which the first was scheduled
        self.blocker: Blocker | None = None
        """What the watchdog has seen since the last beat."""

    def begin(self) -> None:
        """Beat until no window is open."""
        self._schedule()
        self.is_active = True
        try:
            _watchdog.wake()
        except Exception:  # it may not be possible to start a thread
            report_own_error(_FAILURE)

    def _schedule(self) -> None:
        loop = self.loop()
        if loop is not None and not loop.is_closed():
            self.due = perf_counter() + BEAT
            loop.call_later(BEAT, _beat, self, context=self._context)

    def beat(self) -> None:
        self.thread = threading.get_ident()  # a loop may run again in another thread
        try:
            self.settle()
            note_pauses()
        finally:
            if self.windows > 0:
                self._schedule()
            else:
                self.is_active = False

    def settle(self) -> None:
        """Note a block that has just ended or goes on. Reports call it, too, since the next beat may come too late."""
        now = perf_counter()
        if not self.is_active or now - self.due < NOTICED_BLOCK:
            self.blocker = None
            return
        blocker, self.blocker = self.blocker, None
        is_known = blocker is not None and blocker.is_one_turn
        site, request = (blocker.site, blocker.request) if blocker is not None and is_known else (NOWHERE, 0)
        last = self.blocks[-1] if self.blocks else None
        if last is not None and last.start == self.due:
            self.blocks.pop()
            site, request = (last.site, last.request) if site is NOWHERE else (site, request)
        self.blocks.append(LoopBlock(self.due, now, site, request))


_beat = contained(Heartbeat.beat, _FAILURE)
_heartbeats: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Heartbeat] = weakref.WeakKeyDictionary()
_last: list[Heartbeat | None] = [None]
"""The heartbeat that was used last: most processes have one loop, and a weak dictionary is slow."""


def heartbeat_here() -> Heartbeat | None:
    """Return the heartbeat of the loop that runs in this thread; None if no loop runs."""
    loop = _get_running_loop()
    if loop is None:
        return None
    heartbeat = _last[0]
    if heartbeat is None or heartbeat.loop() is not loop:
        heartbeat = _heartbeats.get(loop)
        if heartbeat is None:
            heartbeat = _heartbeats[loop] = Heartbeat(loop)
        _last[0] = heartbeat
    return heartbeat


class _Watchdog:
    """Reads the lines that block loops, in a thread of its own that sleeps while there is no heartbeat."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._is_needed = threading.Event()

    def wake(self) -> None:
        self._is_needed.set()
        if self._thread is None or not self._thread.is_alive():  # never started, or lost in a fork
            self._thread = threading.Thread(
                target=contained(self._watch, _FAILURE), name="query_guard watchdog", daemon=True
            )
            self._thread.start()

    def _watch(self) -> None:
        while True:
            self._is_needed.wait()
            sleep(WATCH_INTERVAL)
            try:
                self._is_needed.clear()  # first, so that a heartbeat that begins now counts for the next check
                beating = [heartbeat for heartbeat in _live_heartbeats() if heartbeat.is_active]
                if beating:
                    self._is_needed.set()
                for heartbeat in beating:
                    blocker = heartbeat.blocker
                    if blocker is not None:
                        blocker.look(id(_running_task(heartbeat)))
                    elif perf_counter() - heartbeat.due >= WATCH_INTERVAL / 2:
                        _note_blocker(heartbeat)
            except Exception:
                report_own_error(_FAILURE)


def _live_heartbeats() -> list[Heartbeat]:
    """Return the heartbeats of open loops. Other threads may open and close loops meanwhile."""
    loops = [loop for ref in _heartbeats.keyrefs() if (loop := ref()) is not None and not loop.is_closed()]
    return [heartbeat for loop in loops if (heartbeat := _heartbeats.get(loop)) is not None]


_watchdog = _Watchdog()


def _note_blocker(heartbeat: Heartbeat) -> None:
    """Note the line that is running, if its turn goes on: of many short turns, no line blocks the loop."""
    due, site, task = heartbeat.due, call_site(sys._current_frames().get(heartbeat.thread)), _running_task(heartbeat)
    if not site.frames:
        return
    sleep(LONG_TURN)
    if heartbeat.due != due or _running_task(heartbeat) is not task:
        return
    if task is None and call_site(sys._current_frames().get(heartbeat.thread)).key != site.key:
        return
    window = window_of(task) if task is not None else None
    heartbeat.blocker = Blocker(site, window.request if window is not None else 0, id(task))


def _running_task(heartbeat: Heartbeat) -> asyncio.Task[Any] | None:
    loop = heartbeat.loop()
    return asyncio.current_task(loop) if loop is not None else None
