"""The loads of a window: which statement each was of, and how many rows it brought."""

from __future__ import annotations

from query_guard.capture.window.recorder import Recorder


def loads_of(recorder: Recorder) -> tuple[dict[int, int], dict[int, int]]:
    """Return the serial of the statement of each load, by its number; and how many rows each statement brought."""
    noted = tuple(recorder.loads)
    return dict(zip(noted[::2], noted[1::2], strict=False)), dict(recorder.fetched)
