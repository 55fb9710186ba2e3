"""The file that says which tests run which lines: each test has its name there once, and its number everywhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read(file: Path, only: str = "") -> dict[str, Any]:
    """Return what was written; with `only`, the lines of that file of `src/` and of no other."""
    known: dict[str, Any] = json.loads(file.read_text())
    names = known.pop("names")
    known["lines"] = {
        path: {line: [names[number] for number in tests] for line, tests in by_line.items()}
        for path, by_line in known["lines"].items()
        if only in ("", path)
    }
    return known


def write(file: Path, known: dict[str, Any]) -> None:
    """Replace the file at once: whoever interrupts finds what was learnt before."""
    numbers = {name: number for number, name in enumerate(known["seconds"])}
    lines = {
        path: {line: [numbers[test] for test in tests] for line, tests in by_line.items()}
        for path, by_line in known["lines"].items()
    }
    written = file.with_suffix(".new")
    written.write_text(json.dumps({**known, "lines": lines, "names": [*numbers]}))
    written.replace(file)
