"""What was sent inside a block that allows findings: the block is a window inside the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window, current, recorders
from query_guard.records import Allowance, Finding


class AllowedBlock(NamedTuple):
    """The allowances of a block, and what was sent in it, over all its passes in one window."""

    allowances: tuple[Allowance, ...]
    recorder: Recorder

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for each pass through one block."""
        return tuple([(allowance.pattern, allowance.reason, allowance.until) for allowance in self.allowances])


def window_of_block(allowances: tuple[Allowance, ...]) -> Window | None:
    """Return a window that notes what is sent in a block, in its own context only; None where nothing is recorded."""
    outer = current.get()
    outer_recorders = list(recorders(outer))
    if not outer_recorders:
        return None
    block = AllowedBlock(allowances, Recorder())
    block = next((earlier for earlier in outer_recorders[0].allowed_blocks if earlier.key == block.key), block)
    for recorder in outer_recorders:
        if not any(earlier is block for earlier in recorder.allowed_blocks):
            recorder.allowed_blocks = (*recorder.allowed_blocks, block)
    window = Window(block.recorder)
    if outer is not None:
        window.describe, window.loop, window.thread = outer.describe, outer.loop, outer.thread
    return window


def is_within(finding: Finding, blocks: Iterable[Recorder], recorder: Recorder) -> bool:
    """Whether all statements of a finding were sent inside these blocks; `recorder` is that of the finding's window.

    For a finding without statements, the checkouts and failed loads at its line are compared instead.
    """
    if finding.statements:
        sent = {id(row) for block in blocks for row in block.rows}
        return all(id(recorder.rows[serial - 1]) in sent for serial in finding.statements)
    return 0 < _others_at(finding, recorder) == sum(_others_at(finding, block) for block in blocks)


def _others_at(finding: Finding, recorder: Recorder) -> int:
    """Count the checkouts and the failed loads at the line of a finding."""
    sites = [checkout.site for checkout in recorder.checkouts] + [load.site for load in recorder.failed_loads]
    return sum(site.key == finding.site.key for site in sites)
