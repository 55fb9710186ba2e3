"""A burst of requests: what seems to wait for the database, or for a connection, waits for the event loop."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Facts, LoopBlock

FIX_OF_BURST = (
    "The event loop was busy with other tasks for most of that time, as in a burst of requests: "
    "spread the requests over more processes"
)

_STILL = 1.0
"""Seconds from which on a loop is not busy with many turns: something, or the machine, stands still."""


def is_in_burst(start: float, end: float, facts: Facts, *, of_others: bool = False) -> bool:
    """Whether the event loop was busy for most of a time, or of twice that time around it.

    A burst has moments in which the loop was less busy. With `of_others`, what the request itself did does not count.
    """
    blocks = [block for block in facts.loop_blocks if block.duration < _STILL]
    if of_others:
        blocks = [block for block in blocks if block.request != facts.serial]
    return _is_busy(start, end, blocks) or _is_busy(max(0.0, 1.5 * start - end / 2), 1.5 * end - start / 2, blocks)


def _is_busy(start: float, end: float, blocks: Sequence[LoopBlock]) -> bool:
    return 2 * sum(block.overlap(start, end) for block in blocks) > end - start
