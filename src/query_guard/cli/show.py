"""Show one report."""

from __future__ import annotations

import argparse

from query_guard.cli.reports import show

NAME = "show"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the id."""
    parser.add_argument("id", help="the id of a report, as in list or in the header X-Query-Guard-Id; or latest")


def run(options: argparse.Namespace) -> int:
    """Print the report. Raises NoKey and Failure."""
    return show(options, options.id)
