"""What was sent inside a block that allows findings: a window within those around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window, current, recorders
from query_guard.records import Allowance, Finding


class AllowedBlock(NamedTuple):
    """The allowances of a block, and what was sent in it, each time that it ran in one window."""

    allowances: tuple[Allowance, ...]
    recorder: Recorder

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for each pass through one block."""
        return tuple([(one.pattern, one.reason, one.until) for one in self.allowances])


def window_of_block(allowances: tuple[Allowance, ...]) -> Window | None:
    """Return a window that notes what is sent in a block, in its own context only; None where nothing is recorded."""
    outer = current.get()
    around = list(recorders(outer))
    if not around:
        return None
    block = AllowedBlock(allowances, Recorder())
    block = next((earlier for earlier in around[0].allowed_blocks if earlier.key == block.key), block)
    for recorder in around:
        if not any(earlier is block for earlier in recorder.allowed_blocks):
            recorder.allowed_blocks = (*recorder.allowed_blocks, block)
    window = Window(block.recorder)
    if outer is not None:
        window.describe, window.loop, window.thread = outer.describe, outer.loop, outer.thread
    return window


def is_within(finding: Finding, blocks: Iterable[Recorder], around: Recorder) -> bool:
    """Whether all that a finding of a window is about was sent inside these blocks.

    Where it is about no statement, that is what was checked out, or could not be loaded, at its line.
    """
    if finding.statements:
        sent = {id(row) for block in blocks for row in block.rows}
        return all(id(around.rows[serial - 1]) in sent for serial in finding.statements)
    return 0 < _others_at(finding, around) == sum(_others_at(finding, block) for block in blocks)


def _others_at(finding: Finding, recorder: Recorder) -> int:
    """Count the checkouts and the failed loads at the line of a finding."""
    sites = [checkout.site for checkout in recorder.checkouts] + [load.site for load in recorder.failed_loads]
    return sum(site.key == finding.site.key for site in sites)
