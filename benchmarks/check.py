"""Is the hot path as short as it was? Instructions a statement, where the floor is 1, held against `recorded.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import instruction_ratio
from benchmarks.instructions import count

RECORDED = Path(__file__).parent / "recorded.json"
CHECKED = {"recorded": ("orm", "core", "checkout", "transaction"), "not_sampled": ("orm",), "outside_window": ("orm",)}
MARGIN = 0.05
LEAST_MARGIN = 0.03
"""In floors: what a mode that costs next to nothing may add."""
HASH_SEEDS = (0, 1, 2)
"""Each lays the objects of a process elsewhere, which is worth a hundredth of the floor or two: the median counts."""


def check(*, record: bool = False) -> int:
    """Return 1 when something has become slower by more than the margin; `record` writes the ratios down instead."""
    if record:
        RECORDED.write_text(json.dumps(_ratios(HASH_SEEDS), indent=2) + "\n")
        return 0
    before: dict[str, float] = json.loads(RECORDED.read_text())
    ratios = _ratios(HASH_SEEDS[:1])
    if _slower(ratios, before):  # by how its process is laid out, or by what it does: the others tell
        ratios = _ratios(HASH_SEEDS)
    slower = _slower(ratios, before)
    for what, ratio in ratios.items():
        verdict = "SLOWER" if what in slower else "ok"
        recorded, allowed = before[what], _allowed(before[what])
        print(f"{what}: {ratio:.3f} x floor, recorded {recorded:.3f}, allowed {allowed:.3f}: {verdict}")
    if slower:
        print("make it cheaper, or accept it with `python -m benchmarks check --record` and say why in the commit")
    return 1 if slower else 0


def _slower(ratios: dict[str, float], before: dict[str, float]) -> list[str]:
    return [what for what, ratio in ratios.items() if ratio > _allowed(before[what])]


def _ratios(hash_seeds: Sequence[int]) -> dict[str, float]:
    """Return what each mode adds to one more of a kind: statements beside the floor's price of one, and so the rest."""
    layouts = [count(("bare", "floor", *CHECKED), repeats=5, hash_seed=seed) for seed in hash_seeds]
    return {
        f"{contestant}, {kind}": round(
            median(instruction_ratio(counts, contestant, kind).median for counts in layouts), 3
        )
        for contestant, kinds in CHECKED.items()
        for kind in kinds
    }


def _allowed(ratio: float) -> float:
    return max(ratio * (1 + MARGIN), ratio + LEAST_MARGIN)
