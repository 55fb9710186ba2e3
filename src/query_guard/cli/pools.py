"""List the connection pools as they are now, and who holds their connections."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from query_guard.cli.endpoint import endpoint_of
from query_guard.cli.output import table, write_json, write_text

NAME = "pools"
HEAD = ("checked out", "size", "overflow", "peak", "waits", "waited (ms)", "pool")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def run(options: argparse.Namespace) -> int:
    """Print a row for each pool, and below the table a line for each holder. Raises NoKey and Failure."""
    rows = endpoint_of(options).rows("pools")
    if options.json:
        write_json({"pools": rows})
    elif rows:
        write_text("\n".join([table(HEAD, [_cells(row) for row in rows]), *_holders(rows)]))
    else:
        write_text("no pool was used yet")
    return 0


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    numbers = ("checked_out", "size", "overflow", "peak", "waits", "wait_ms")
    return (*(row.get(number) for number in numbers), f"{row.get('engine')} ({row.get('kind')})")


def _holders(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        for holder in row.get("holders") or []:
            location = f" at {holder.get('file')}:{holder.get('line')}" if holder.get("file") else ""
            leak = ", a suspected leak" if holder.get("suspected") else ""
            yield (
                f"{row.get('engine')}: held for {holder.get('held_ms')} ms by {holder.get('name')}{location}, "
                f"{holder.get('doing')}{leak}"
            )
        if row.get("unseen"):
            yield f"{row.get('engine')}: {row['unseen']} more, whose checkout was not recorded"
