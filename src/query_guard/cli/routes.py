"""List the routes of the reports that are kept, the one with most time in the database first."""

from __future__ import annotations

import argparse
from typing import Any

from query_guard.cli.endpoint import endpoint_of
from query_guard.cli.output import table, write_json, write_text

NAME = "routes"
HEAD = ("requests", "queries (median)", "(max)", "in the database (ms)", "waited (ms)", "route")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def run(options: argparse.Namespace) -> int:
    """Print a row for each route. Raises NoKey and Failure."""
    rows = endpoint_of(options).rows("routes")
    if options.json:
        write_json({"routes": rows})
    else:
        write_text(table(HEAD, [_cells(row) for row in rows]) if rows else "no report is kept yet")
    return 0


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    numbers = ("requests", "query_count_median", "query_count_max", "query_time_ms", "wait_ms")
    name = f"{row.get('method') or ''} {row.get('route') or '(no route)'}".strip()
    sampled = row.get("sampled")
    name += f" ({sampled} of {row.get('requests')} sampled)" if sampled not in (None, row.get("requests")) else ""
    found = ", ".join(f"{kind}={count}" for kind, count in (row.get("findings") or {}).items())
    return (*(row.get(number) for number in numbers), f"{name}; {found}" if found else name)
