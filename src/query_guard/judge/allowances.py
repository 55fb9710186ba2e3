"""Read allowances, and find the one that covers a finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from query_guard.records import Allowance, Finding


def parse_allowances(name: str, given: Sequence[str | Allowance]) -> tuple[Allowance, ...]:
    """Read allowances, each with a count of its own; raises ValueError for one that is none."""
    if isinstance(given, (str, Allowance)) or not isinstance(given, Iterable):
        raise ValueError(f"{name}: allow must be a sequence of texts, such as ('Post.author',), not {given!r}")
    return tuple(_parse(name, allowance) for allowance in given)


def _parse(name: str, given: str | Allowance) -> Allowance:
    if isinstance(given, Allowance):
        return replace(given)
    try:
        return Allowance(given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def allowance_for(finding: Finding, allowances: Iterable[Allowance]) -> Allowance | None:
    """Return the allowance that covers a finding, having counted it; one that has expired only where no other does."""
    covering = [allowance for allowance in allowances if allowance.covers(finding)]
    chosen = next((allowance for allowance in covering if not allowance.has_expired), covering[0] if covering else None)
    if chosen is not None:
        chosen.matched += 1
    return chosen
