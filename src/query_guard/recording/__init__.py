"""Record the statements of a block of a script or a test, and read them from a `Recording`."""

from __future__ import annotations

from query_guard.recording.blocks import record, record_process
from query_guard.recording.recording import Recording

__all__ = ["Recording", "record", "record_process"]
