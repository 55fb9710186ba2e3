"""Where the time of a request went, in parts that add up to its duration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from query_guard.document.fields import milliseconds
from query_guard.records import Facts

_Interval: TypeAlias = tuple[float, float]


def times_document(facts: Facts) -> dict[str, float]:
    """Return the milliseconds in the application, in waits for a connection, in the database, in a blocked event loop.

    A moment counts once, whatever runs at the same time: first as the database's where the event loop was free to read
    its answer, then as blocked, as the database's, as a wait, and at last as the application's.
    """
    answered = [(row.start, row.end) for row in facts.statements if not row.stalled]
    blocked = [(block.start, block.end) for block in facts.loop_blocks]
    stalled = [(row.start, row.end) for row in facts.statements if row.stalled]
    waits = [(checkout.start, checkout.start + checkout.wait) for checkout in facts.checkouts if checkout.wait]
    layers = [answered, blocked, stalled, waits]
    covered = [_covered(layers[: count + 1], facts.duration) for count in range(len(layers))]
    in_answered, in_blocked, in_stalled, in_waits = (
        upper - lower for lower, upper in zip([0.0, *covered], covered, strict=False)
    )
    return {
        "application_ms": milliseconds(max(0.0, facts.duration - covered[-1])),
        "wait_ms": milliseconds(in_waits),
        "database_ms": milliseconds(in_answered + in_stalled),
        "blocked_ms": milliseconds(in_blocked),
    }


def _covered(layers: Iterable[Iterable[_Interval]], duration: float) -> float:
    """Return the seconds from 0 to `duration` that lie in any of the intervals."""
    total, reached = 0.0, 0.0
    for start, end in sorted(interval for layer in layers for interval in layer):
        reached = max(reached, start)
        if end > reached:
            total += max(0.0, min(end, duration) - reached)
            reached = end
    return total
