"""List the reports that are kept, the newest first."""

from __future__ import annotations

import argparse

from query_guard.cli.endpoint import endpoint_of
from query_guard.cli.output import write_json, write_text

NAME = "list"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def run(options: argparse.Namespace) -> int:
    """Print a line for each report. Raises NoKey and Failure."""
    endpoint = endpoint_of(options)
    if options.json:
        write_json(endpoint.listing("requests"))
    else:
        write_text(endpoint.text("requests"))
    return 0
