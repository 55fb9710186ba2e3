"""Make a link to the debug endpoint, valid for a minute, and open it in the browser."""

from __future__ import annotations

import argparse
import os
import sys
import time
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING

from query_guard.cli.application import add_address, shared_key
from query_guard.debug.signing import LIFETIMES, signed

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "open", help="make a link to the debug endpoint and open it in the browser", description=__doc__
    )
    add_address(parser)
    parser.add_argument("--print", action="store_true", help="print the link, and open nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the link on stdout, and open it if a browser can show a window. Raises NoKey."""
    link = f"{options.url}{options.path}/?ticket={signed(shared_key(), 'ticket', time.time())}"
    print(link, flush=True)
    print(f"It is good for {LIFETIMES['ticket']} seconds.", file=sys.stderr, flush=True)
    if not options.print and _has_window():
        with suppress(Exception):  # the link is printed already
            webbrowser.open(link)
    return 0


def _has_window() -> bool:
    """Whether a browser could show a window; a browser in the terminal would block this command."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in names)
