"""What commands write: text for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, TextIO

from query_guard.reporters.text import printable


def write_text(text: str, to: TextIO | None = None) -> None:
    """Print lines of text, to standard output by default.

    What the terminal cannot show, or what would control it, is replaced.
    """
    out = to or sys.stdout
    encoding = out.encoding or "utf-8"
    lines = "\n".join(map(printable, text.rstrip("\n").split("\n")))
    print(lines.encode(encoding, "backslashreplace").decode(encoding), file=out, flush=True)


def write_json(data: Any) -> None:
    """Print data as one JSON document, in ASCII."""
    print(json.dumps(data, indent=2), flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows below their head; the last column is text, and the others stand to the right."""
    cells = [list(head), *([cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip_longest(*cells, fillvalue="")][:-1]
    lines = [
        "  ".join([*(text.rjust(width) for text, width in zip(row, widths, strict=False)), row[-1]]) for row in cells
    ]
    return "\n".join(lines)


def cell(value: object) -> str:
    """Return a value of a table as text on one line, `-` where there is none."""
    return "-" if value is None else " ".join(str(value).split())


def shortened(values: Sequence[str]) -> str:
    """Return the first of several texts, and how many more there are."""
    return values[0] + (f" and {len(values) - 1} more" if len(values) > 1 else "") if values else "-"
