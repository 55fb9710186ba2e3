"""Which application a command asks, and with which key: the arguments that commands share."""

from __future__ import annotations

import argparse
from urllib.parse import quote, urlsplit

from query_guard.debug import DEFAULT_PATH
from query_guard.debug.key import FILE_VARIABLE, TOKEN_VARIABLE, Key, NoKey, chosen_key, kept_key, key_file


def add_address(parser: argparse.ArgumentParser) -> None:
    """Add `--url` and `--path`, which say where the debug endpoint is."""
    parser.add_argument(
        "--url", type=_base_url, default="http://127.0.0.1:8000", help="where the application is (default: %(default)s)"
    )
    parser.add_argument(
        "--path", type=_path, default=DEFAULT_PATH, help="its debug_path, where that was changed (default: %(default)s)"
    )


def shared_key() -> Key:
    """Return the key that the application and this user share. Raises NoKey where there is none."""
    key = chosen_key() or kept_key()
    if key is None:
        raise NoKey(
            f"expected the key of the application in the variable {TOKEN_VARIABLE}, which is not set, or in the file "
            f"{str(key_file())!r}, which does not exist; start the application with QueryGuard(debug=True) as this "
            f"user: it makes the file; or set {TOKEN_VARIABLE} (to its debug_token, if it has one) or {FILE_VARIABLE} "
            "as they are set for the application"
        )
    return key


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
