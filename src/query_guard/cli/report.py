"""Print the routes of a run of pytest as a Markdown table: tests, statements and findings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from query_guard.cli.output import write_text
from query_guard.cli.run_routes import routes_of
from query_guard.cli.runs import run_in

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

HEAD = ("route", "tests", "statements", "findings")


def add_to(commands: Commands) -> None:
    """Add the command and its argument."""
    parser = commands.add_parser(
        "report", help="print the routes of a run of pytest as a Markdown table", description=__doc__
    )
    parser.add_argument("file", type=Path, help="what pytest --query-guard-report wrote, in JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table. Raises Failure."""
    from query_guard.testing.outputs.markdown import markdown_table

    rows = [
        (name, len(route.tests), route.statements, ", ".join(route.findings.values()))
        for name, route in routes_of(run_in(options.file)).items()
    ]
    write_text("\n".join(markdown_table(HEAD, rows)) if rows else "No statement was recorded.")
    return 0
