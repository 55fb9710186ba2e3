"""The allowances that a new window gets: those of the surrounding blocks, and those of the process."""

from __future__ import annotations

from contextvars import ContextVar

from query_guard.records import Allowance

allowed: ContextVar[tuple[Allowance, ...]] = ContextVar("query_guard_allowed", default=())
"""Allowances of the surrounding blocks, for the windows that are opened inside them."""

allowed_in_process: list[Allowance] = []
"""Allowances for the windows of every context, such as those of a test's marker."""
