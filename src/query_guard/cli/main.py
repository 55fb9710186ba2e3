"""The commands, their arguments, and what a command exits with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from query_guard.cli import merge
from query_guard.cli import open as open_command
from query_guard.debug.key import NoKey


def main(words: Sequence[str] | None = None) -> int:
    """Run a command: 0 when it did what it should, 2 when it could not, with a sentence on stderr that says why."""
    parser = argparse.ArgumentParser(
        prog="python -m query_guard", description="Look at what QueryGuard found in a running application."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    open_command.add_to(commands)
    merge.add_to(commands)
    given = parser.parse_args(words)
    try:
        return int(given.run(given))
    except NoKey as error:
        print(f"query_guard: {error}", file=sys.stderr)
        return 2
