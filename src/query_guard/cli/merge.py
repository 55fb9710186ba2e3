"""`merge`: put together what the shards of one suite wrote, their baselines or their reports."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "merge", help="put the baselines or the reports of shards together", description=__doc__
    )
    parser.add_argument("target", type=Path, help="the file to write: .json, or for reports .sarif or .md, too")
    parser.add_argument("sources", type=Path, nargs="+", help="baselines, or reports that end in .json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the merged file; 2 where that cannot be done, with a sentence on stderr."""
    from query_guard.testing.merging import merged

    try:
        options.target.write_text(merged(options.target, options.sources), encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"query_guard: {error}", file=sys.stderr)
        return 2
    return 0
