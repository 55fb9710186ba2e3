"""Fields that many documents share: times in milliseconds, and the place of a frame."""

from __future__ import annotations

from typing import Any

from query_guard.records import Frame


def milliseconds(seconds: float) -> float:
    """Return seconds as milliseconds with three decimals; what is infinite or no number stays as it is."""
    try:
        return round(seconds * 1_000_000) / 1000
    except (OverflowError, ValueError):  # a detector may give any number
        return seconds


def frame_fields(frame: Frame | None) -> dict[str, Any]:
    """Return `file`, `line` and `function` of a frame, each None where there is none."""
    if frame is None:
        return {"file": None, "line": None, "function": None}
    return {"file": frame.file, "line": frame.line, "function": frame.function}
