"""Make a link to the debug endpoint, valid for a minute, and open it in the browser."""

from __future__ import annotations

import argparse
import os
import sys
import time
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from query_guard.debug import DEFAULT_PATH
from query_guard.debug.key import FILE_VARIABLE, TOKEN_VARIABLE, Key, NoKey, chosen_key, kept_key, key_file
from query_guard.debug.signing import LIFETIMES, signed

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "open", help="make a link to the debug endpoint and open it in the browser", description=__doc__
    )
    parser.add_argument(
        "--url", type=_base_url, default="http://127.0.0.1:8000", help="where the application is (default: %(default)s)"
    )
    parser.add_argument(
        "--path", type=_path, default=DEFAULT_PATH, help="its debug_path, where that was changed (default: %(default)s)"
    )
    parser.add_argument("--print", action="store_true", help="print the link, and open nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the link on stdout, and open it if a browser can show a window. Raises NoKey."""
    link = f"{options.url}{options.path}/?ticket={signed(_key(), 'ticket', time.time())}"
    print(link, flush=True)
    print(f"It is good for {LIFETIMES['ticket']} seconds.", file=sys.stderr, flush=True)
    if not options.print and _has_window():
        with suppress(Exception):  # the link is printed already
            webbrowser.open(link)
    return 0


def _key() -> Key:
    key = chosen_key() or kept_key()
    if key is None:
        raise NoKey(
            f"expected the key of the application in the variable {TOKEN_VARIABLE}, which is not set, or in the file "
            f"{str(key_file())!r}, which does not exist; start the application with QueryGuard(debug=True) as this "
            f"user: it makes the file; or set {TOKEN_VARIABLE} (to its debug_token, if it has one) or {FILE_VARIABLE} "
            "as they are set for the application"
        )
    return key


def _has_window() -> bool:
    """Whether a browser could show a window; a browser in the terminal would block this command."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in names)


def _base_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_base = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
    except ValueError:
        is_base = False
    if not is_base:
        raise argparse.ArgumentTypeError(f"expected an address such as http://127.0.0.1:8000, got {text!r}")
    return text.rstrip("/")


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(
            f"expected the debug_path of the application, such as {DEFAULT_PATH}, got {text!r}"
        )
    return quote(text.rstrip("/"))
