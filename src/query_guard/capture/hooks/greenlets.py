"""Lazy loads that failed for want of a greenlet.

Drivers and releases raise MissingGreenlet in different places, before or inside the execution, and FastAPI's
validation of a response swallows it. What they share is that the exception is made: there the frames still tell what
was being loaded.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy.exc import MissingGreenlet

from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.loaders import lazy_load_above
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.capture.window.window import current, recorders, stage_of
from query_guard.own_errors import followed


def install() -> None:
    """Learn of each MissingGreenlet as it is made; called once. The exception itself is left as it is."""
    exception: Any = MissingGreenlet
    exception.__init__ = followed(exception.__init__, _note, "a failed lazy load could not be recorded")


def _note(*_: object, **__: object) -> None:
    window = current.get()
    frame = sys._getframe(2)
    loader, load = lazy_load_above(frame)
    for recorder in recorders(window):
        recorder.add_failed_load(
            FailedLoadRow(
                len(recorder.rows),
                loader,
                call_site(frame),
                stage_of(window),
                window.request if window is not None else 0,
                load,
            )
        )
