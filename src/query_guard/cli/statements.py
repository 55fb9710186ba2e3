"""List the shapes of statements in the reports that are kept, the one that took most time first."""

from __future__ import annotations

import argparse
from typing import Any

from query_guard.cli.endpoint import endpoint_of
from query_guard.cli.output import shortened, table, write_json, write_text

NAME = "statements"
HEAD = ("count", "total (ms)", "median (ms)", "max (ms)", "statement")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def run(options: argparse.Namespace) -> int:
    """Print a row for each shape. Raises NoKey and Failure."""
    listing = endpoint_of(options).listing("statements")
    rows = listing["statements"]
    if options.json:
        write_json(listing)
    else:
        write_text(table(HEAD, [_cells(row) for row in rows]) if rows else "no statement is kept yet")
    return 0


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    numbers = ("count", "total_ms", "median_ms", "max_ms")
    return (*(row.get(number) for number in numbers), f"{row.get('sql')} ({shortened(row.get('routes') or [])})")
