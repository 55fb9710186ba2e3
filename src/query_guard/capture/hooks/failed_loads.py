"""Loads that failed: without a greenlet, without a session, or forbidden by `lazy="raise"`.

Drivers and releases raise MissingGreenlet in different places, before or inside the execution, and FastAPI's validation
of a response swallows such exceptions. But each exception is created once, and at that moment the frames still show
what was being loaded. For `lazy="raise"` SQLAlchemy uses a general exception, so there the method that raises it is
wrapped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import strategies
from sqlalchemy.orm.exc import DetachedInstanceError

from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.lazy_load import lazy_load_above
from query_guard.capture.window.rows import FailedLoadRow
from query_guard.capture.window.window import current, recorders, stage_of
from query_guard.own_errors import followed, report_own_error
from query_guard.records import FailureOfLoad

_FAILURE = "a failed lazy load could not be recorded"
_FORBIDS = "_invoke_raise_load"


def install() -> None:
    """Note each failure when its exception is created; called once. The exception is not changed."""
    greenlet: Any = MissingGreenlet
    detached: Any = DetachedInstanceError
    greenlet.__init__ = followed(greenlet.__init__, _noting("greenlet"), _FAILURE)
    detached.__init__ = followed(detached.__init__, _noting("detached"), _FAILURE)
    for strategy in vars(strategies).values():
        if isinstance(strategy, type) and _FORBIDS in vars(strategy):
            setattr(strategy, _FORBIDS, _forbidding(vars(strategy)[_FORBIDS]))


def _noting(failure: FailureOfLoad) -> Callable[..., None]:
    def note(*_: object, **__: object) -> None:
        _note(failure, sys._getframe(2))

    return note


def _forbidding(step: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the method of a strategy that raises."""

    @wraps(step)
    def noted_step(*args: Any, **options: Any) -> Any:
        try:
            _note("forbidden", sys._getframe(1))
        except Exception:
            report_own_error(_FAILURE)
        return step(*args, **options)

    return noted_step


def _note(failure: FailureOfLoad, frame: FrameType) -> None:
    window = current.get()
    watching = list(recorders(window))
    if not watching:
        return
    loader, load = lazy_load_above(frame)
    if loader is None and failure != "greenlet":
        return
    for recorder in watching:
        recorder.add_failed_load(
            FailedLoadRow(
                len(recorder.rows),
                loader,
                call_site(frame),
                stage_of(window),
                window.request if window is not None else 0,
                load,
                failure,
            )
        )
