"""Sessions that another task or thread wants to use while they are in use: SQLAlchemy refuses that (error `isce`).

It does so in many places. What they share is that an exception with this code is made.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from sqlalchemy.exc import InvalidRequestError

from query_guard.capture.live.idle_transactions import site_of_other_task
from query_guard.capture.origin.call_site import call_site
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.capture.window.window import current, recorders, stage_of
from query_guard.own_errors import followed
from query_guard.records import CallSite

_CODE = "isce"


def install() -> None:
    """Learn of each refusal as its exception is made; called once. The exception itself is left as it is."""
    refusal: Any = InvalidRequestError
    refusal.__init__ = followed(refusal.__init__, _note, "the refusal of a session could not be recorded")


def _note(_: object, _seconds: float, *_args: object, code: str | None = None, **_options: object) -> None:
    window = current.get()
    watching = list(recorders(window)) if code == _CODE else []
    if not watching:
        return
    request = window.request if window is not None else 0
    site = _site()
    for recorder in watching:
        row = FailedLoadRow(len(recorder.rows), None, site, stage_of(window), request, None, "shared")
        recorder.add_failed_load(row)


def _site() -> CallSite:
    """Return the line that used the session, or that waits for the tasks which do: `gather(session.execute(...))`."""
    site = call_site(sys._getframe(3))
    if site.frames:
        return site
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs in this thread
        return site
    return site_of_other_task(task) if task is not None else site
