"""Who hears of each finished report of any middleware of the process: tests watch this way.

It imports nothing, so that the pytest plugin can listen in a run that never loads SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from query_guard.records import Report

listeners: list[Callable[[Report], None]] = []
"""Each is called in the thread that finished the report; one that raises spoils the report's way to its reporters."""

refusal_listeners: list[Callable[[str], None]] = []
"""Each is told what is wrong with a QueryGuard that was refused, at each request that passes it unprofiled."""
