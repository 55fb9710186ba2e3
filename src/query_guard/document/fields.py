"""Fields that many documents share: times in milliseconds, and the place of a frame."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from query_guard.records import Frame


def milliseconds(seconds: float) -> float:
    """Return seconds as milliseconds with three decimals; what is infinite or no number stays as it is."""
    try:
        return round(seconds * 1_000_000) / 1000
    except (OverflowError, ValueError):  # a detector may give any number
        return seconds


def moment(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def frame_fields(frame: Frame | None) -> dict[str, Any]:
    """Return `file`, `line` and `function` of a frame, each None where there is none."""
    if frame is None:
        return {"file": None, "line": None, "function": None}
    return {"file": frame.file, "line": frame.line, "function": frame.function}
