"""Show the report of the last request."""

from __future__ import annotations

import argparse

from query_guard.cli.reports import show

NAME = "latest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def run(options: argparse.Namespace) -> int:
    """Print the report. Raises NoKey and Failure."""
    return show(options, "latest")
