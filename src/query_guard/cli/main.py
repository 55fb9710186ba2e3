"""The commands, their arguments, and their exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from query_guard.cli import (
    compare,
    diff,
    explain,
    fix,
    latest,
    mcp,
    merge,
    pools,
    report,
    routes,
    show,
    statements,
    try_fix,
    wait,
)
from query_guard.cli import list as list_command
from query_guard.cli import open as open_command
from query_guard.cli.application import add_address
from query_guard.cli.failure import Failure
from query_guard.debug.key import NoKey

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

READING = (latest, list_command, show, wait, compare, routes, statements, pools, try_fix, fix)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 for success, 2 for a failure, which a sentence on stderr explains."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (NoKey, Failure) as error:
        print(f"query_guard: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has seen enough; Python would complain once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m query_guard", description="Show what QueryGuard found in a running application."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_reading(commands)
    open_command.add_to(commands)
    explain.add_to(commands)
    report.add_to(commands)
    mcp.add_to(commands)
    diff.add_to(commands)
    merge.add_to(commands)
    baseline = commands.add_parser("baseline", help="'baseline merge' is 'merge'")
    merge.add_to(baseline.add_subparsers(required=True, metavar="COMMAND"))
    return parser


def _add_reading(commands: Commands) -> None:
    """Add the commands that read the debug endpoint; all take `--url`, `--path` and `--json`."""
    for command in READING:
        description = str(command.__doc__)
        parser = commands.add_parser(
            command.NAME, help=description[0].lower() + description[1:].rstrip("."), description=description
        )
        command.add_arguments(parser)
        add_address(parser)
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")
        parser.set_defaults(run=command.run)
