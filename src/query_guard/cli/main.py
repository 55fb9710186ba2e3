"""The commands, their arguments, and their exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from query_guard.cli import merge
from query_guard.cli import open as open_command
from query_guard.debug.key import NoKey


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 for success, 2 for a failure, which a sentence on stderr explains."""
    parser = argparse.ArgumentParser(
        prog="python -m query_guard", description="Show what QueryGuard found in a running application."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    open_command.add_to(commands)
    merge.add_to(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except NoKey as error:
        print(f"query_guard: {error}", file=sys.stderr)
        return 2
