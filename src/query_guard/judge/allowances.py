"""Read allowances, and find the one that covers a finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from query_guard.capture.window.allowed_block import is_within
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Allowance, Finding, grouped


def parse_allowances(name: str, patterns: Sequence[str | Allowance]) -> tuple[Allowance, ...]:
    """Read allowances, each with a count of its own; raises ValueError for a pattern that cannot be read."""
    if isinstance(patterns, (str, Allowance)) or not isinstance(patterns, Iterable):
        raise ValueError(f"{name}: allow must be a sequence of texts, such as ('Post.author',), not {patterns!r}")
    return tuple(_parse(name, pattern) for pattern in patterns)


def _covering_blocks(finding: Finding, recorder: Recorder) -> list[Allowance]:
    """Return the allowances of the blocks in which all statements of a finding were sent.

    A block that ran several times counts as one block.
    """
    covering: list[Allowance] = []
    for blocks in grouped(recorder.allowed_blocks, lambda block: block.key).values():
        matching = [allowance for allowance in blocks[0].allowances if allowance.covers(finding)]
        if matching and is_within(finding, [block.recorder for block in blocks], recorder):
            covering += matching
    return covering


def _parse(name: str, pattern: str | Allowance) -> Allowance:
    if isinstance(pattern, Allowance):
        return replace(pattern)
    try:
        return Allowance(pattern)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def allowance_for(
    finding: Finding, allowances: Iterable[Allowance], recorder: Recorder | None = None
) -> Allowance | None:
    """Return the allowance that covers a finding, and count the match; an expired one only if no other covers it.

    Allowances of a block within the window of `recorder` cover only what was sent in that block.
    """
    covering = [allowance for allowance in allowances if allowance.covers(finding)]
    if recorder is not None and recorder.allowed_blocks:
        covering += _covering_blocks(finding, recorder)
    chosen = next((allowance for allowance in covering if not allowance.has_expired), covering[0] if covering else None)
    if chosen is not None:
        chosen.matched += 1
    return chosen
