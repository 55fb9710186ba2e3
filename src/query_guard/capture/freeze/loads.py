"""The loads of a window: the statement of each, and how many rows it returned."""

from __future__ import annotations

from query_guard.capture.window.recorder import Recorder


def loads_of(recorder: Recorder) -> tuple[dict[int, int], dict[int, int]]:
    """Return the statement of each load, as serial by number; and how many rows each statement returned."""
    numbers = tuple(recorder.loads)
    return dict(zip(numbers[::2], numbers[1::2], strict=False)), dict(recorder.fetched)
