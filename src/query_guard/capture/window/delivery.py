"""Deliver a statement to each window it belongs to: a row while there is room, and else a number."""

from __future__ import annotations

from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import BATCHES, DURATION, SHARED, Batches, Row
from query_guard.capture.window.window import Window, watchers, watching
from query_guard.own_errors import report_own_error
from query_guard.records import Engine


def detail_recorder(window: Window | None, engine: Engine) -> Recorder | None:
    """Return the innermost recorder that keeps details of a statement; None where statements are only counted."""
    while window is not None:
        recorder = window.recorder
        if (
            recorder is not None
            and recorder.room > 0
            and (recorder.engines is None or engine.serial in recorder.engines)
        ):
            return recorder
        window = window.outer
    return watchers[0] if watchers else None


def deliver(window: Window | None, engine: Engine, row: Row) -> None:
    """Add a finished row to each window it belongs to; a sealed window counts it as late."""
    while window is not None:
        recorder = window.ensure_recorder()
        if recorder is None:
            window.count_late()
        elif recorder.engines is None or engine.serial in recorder.engines:
            _add(recorder, row)
        window = window.outer
    for watcher in watchers:
        _add(watcher, row)


def _add(recorder: Recorder, row: Row) -> None:
    """Add a row to a recorder, which counts it if it has no room."""
    try:
        recorder.add(row)
    except Exception:
        report_own_error("a statement could not be kept")
        recorder.count(row[DURATION], row[SHARED][BATCHES])


def count(window: Window | None, engine: Engine, duration: float, batches: Batches | None = None) -> None:
    """Count a statement whose details no recorder keeps."""
    while window is not None:
        window.count(engine, duration, batches)
        window = window.outer


def count_further(window: Window | None, engine: Engine, duration: float, batches: Batches) -> None:
    """Count a further driver call of an execution."""
    for recorder in watching(window, engine):
        recorder.count_further(duration, batches)
