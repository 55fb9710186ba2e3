"""Functions that receive each finished report of every middleware of the process: the pytest plugin and recordings.

This file imports nothing, so that the pytest plugin can listen in a run that never loads SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from query_guard.records import Report

listeners: list[Callable[[Report], None]] = []
"""Each is called in the thread that finished the report, before the reporters; if it raises, they are left out."""

refusal_listeners: list[Callable[[str], None]] = []
"""Each is called with the error message of a refused QueryGuard, at each request that passes it unprofiled."""
