"""Markdown tables, and times as they stand in them."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.figures import Spread


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def micro(seconds: Spread) -> str:
    low, middle, high = (f"{1e6 * part:.1f}" for part in seconds)
    return f"{middle} us ({low} to {high})"


def thousands(instructions: float) -> str:
    return f"{instructions / 1000:.1f}"
