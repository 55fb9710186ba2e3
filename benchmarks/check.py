"""Is the hot path as short as it was? Instructions a statement, where the floor is 1, held against `recorded.json`.

The statements are of SQLAlchemy Core, since in the ORM's own work the luck of CPython's method cache is worth more than
a small change of ours.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.figures import instruction_ratio
from benchmarks.instructions import CORE, count

RECORDED = Path(__file__).parent / "recorded.json"
CHECKED = ("recorded", "not_sampled", "outside_window")
MARGIN = 0.15
LEAST_MARGIN = 0.1
"""In floors: what a mode that costs next to nothing may add."""


def check(*, record: bool = False) -> int:
    """Return 1 when a mode has become slower by more than the margin; `record` writes the ratios down instead."""
    counts = count(("bare", "floor", *CHECKED), CORE, repeats=30)
    ratios = {contestant: round(instruction_ratio(counts, contestant, "core"), 3) for contestant in CHECKED}
    if record:
        RECORDED.write_text(json.dumps(ratios, indent=2) + "\n")
        return 0
    before: dict[str, float] = json.loads(RECORDED.read_text())
    slower = [contestant for contestant in CHECKED if ratios[contestant] > _allowed(before[contestant])]
    for contestant in CHECKED:
        verdict = "SLOWER" if contestant in slower else "ok"
        print(
            f"{contestant}: {ratios[contestant]:.3f} x floor, recorded {before[contestant]:.3f},"
            f" allowed {_allowed(before[contestant]):.3f}: {verdict}"
        )
    if slower:
        print("make it cheaper, or accept it with `python -m benchmarks check --record` and say why in the commit")
    return 1 if slower else 0


def _allowed(ratio: float) -> float:
    return max(ratio * (1 + MARGIN), ratio + LEAST_MARGIN)
