"""Read allowances, and find the one that covers a finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from query_guard.capture.window.allowed_block import is_within
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Allowance, Finding, grouped


def parse_allowances(name: str, given: Sequence[str | Allowance]) -> tuple[Allowance, ...]:
    """Read allowances, each with a count of its own; raises ValueError for one that is none."""
    if isinstance(given, (str, Allowance)) or not isinstance(given, Iterable):
        raise ValueError(f"{name}: allow must be a sequence of texts, such as ('Post.author',), not {given!r}")
    return tuple(_parse(name, allowance) for allowance in given)


def _covering_blocks(finding: Finding, recorder: Recorder) -> list[Allowance]:
    """Return the allowances of blocks that a finding was wholly sent in; one that ran again is one block."""
    covering: list[Allowance] = []
    for blocks in grouped(recorder.allowed_blocks, lambda block: block.key).values():
        matching = [allowance for allowance in blocks[0].allowances if allowance.covers(finding)]
        if matching and is_within(finding, [block.recorder for block in blocks], recorder):
            covering += matching
    return covering


def _parse(name: str, given: str | Allowance) -> Allowance:
    if isinstance(given, Allowance):
        return replace(given)
    try:
        return Allowance(given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def allowance_for(
    finding: Finding, allowances: Iterable[Allowance], recorder: Recorder | None = None
) -> Allowance | None:
    """Return the allowance that covers a finding, having counted it; one that has expired only where no other does.

    Those of blocks within the window of `recorder` cover what was sent in them, and nothing else.
    """
    covering = [allowance for allowance in allowances if allowance.covers(finding)]
    if recorder is not None and recorder.allowed_blocks:
        covering += _covering_blocks(finding, recorder)
    chosen = next((allowance for allowance in covering if not allowance.has_expired), covering[0] if covering else None)
    if chosen is not None:
        chosen.matched += 1
    return chosen
