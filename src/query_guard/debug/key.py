"""The key of the debug endpoint: where it comes from, and where it is kept.

The standard library only: the command line reads the key, too.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp

from query_guard.user_state import state_directory, without_waiting

TOKEN_VARIABLE = "QUERY_GUARD_DEBUG_TOKEN"  # noqa: S105
FILE_VARIABLE = "QUERY_GUARD_KEY_FILE"

_SECRET = re.compile(rb"[!-~\x80-\xff]{16,}")
_MAX_FILE = 4096


class NoKey(Exception):
    """There is no key; the message says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """Whoever knows `secret` may see the reports; `place` says in words where it is kept."""

    secret: bytes = field(repr=False)
    place: str
    is_chosen: bool = False
    """Somebody gave it to this application, and knows it."""


def chosen_key(token: str | None = None) -> Key | None:
    """Return the key that somebody chose: the option `debug_token`, else the variable; None when there is neither.

    Raises NoKey for a variable that is no key.
    """
    if token is not None:
        place = f"debug_token (the command takes it from {TOKEN_VARIABLE})"
        return Key(token.encode("utf-8", "surrogatepass"), place, is_chosen=True)
    secret = os.fsencode(os.environ.get(TOKEN_VARIABLE, "")).strip()
    return _checked(secret, f"the variable {TOKEN_VARIABLE}", is_chosen=True) if secret else None


def kept_key() -> Key | None:
    """Return the key that this user's servers share; None when there is no file yet. Raises NoKey for a wrong file."""
    file = key_file()
    try:
        with open(file, "rb", opener=without_waiting) as key_bytes:
            _refuse_of_others(key_bytes.fileno(), file)
            secret = key_bytes.read(_MAX_FILE).strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise NoKey(f"the key file {str(file)!r} cannot be read: {_reason(error)}") from error
    return _checked(secret, f"the file {str(file)!r}")


def made_key() -> Key:
    """Return the key that this user's servers share, made now if there is none. Raises NoKey when it cannot be kept."""
    key = kept_key()
    if key is None:
        file = key_file()
        try:
            _write_once(file, secrets.token_urlsafe(32).encode())
        except (OSError, ValueError) as error:
            raise NoKey(f"the key file {str(file)!r} cannot be written: {_reason(error)}") from error
        key = kept_key()
        if key is None:
            raise NoKey(f"the key file {str(file)!r} was written, and is not there")
    return key


def key_in_memory() -> Key:
    """Return a key that no other process knows."""
    return Key(secrets.token_urlsafe(32).encode(), "the memory of this process")


def key_file() -> Path:
    """Return where the key is kept, in the user's state directory by default. Raises NoKey for a user without one."""
    chosen = os.environ.get(FILE_VARIABLE)
    try:
        return Path(chosen).expanduser() if chosen else state_directory() / "key"
    except RuntimeError as error:
        raise NoKey(f"this user has no home directory for the key, and {FILE_VARIABLE} names no file") from error


def _write_once(file: Path, secret: bytes) -> None:
    """Write the file whole or not at all; where several processes write at once, the first one wins."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, unfinished = mkstemp(prefix=f".{file.name}.", dir=file.parent)  # with mode 0600
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(secret + b"\n")
            new.flush()
            os.fsync(handle)
        with suppress(FileExistsError):
            os.link(unfinished, file)
    finally:
        os.unlink(unfinished)


def _refuse_of_others(handle: int, file: Path) -> None:
    """Raise NoKey for a file that a user other than root and our own may have written. On Windows each file passes."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise NoKey(f"the key file {str(file)!r} must be a regular file, and is something else")
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    if user != 0 and status.st_uid not in (0, user):
        raise NoKey(f"the key file {str(file)!r} must belong to this user or root, and belongs to user {status.st_uid}")
    if hasattr(os, "geteuid") and status.st_mode & stat.S_IWOTH:
        raise NoKey(f"the key file {str(file)!r} may be written by everybody; take that right away: chmod o-w")


def _checked(secret: bytes, place: str, is_chosen: bool = False) -> Key:
    if not _SECRET.fullmatch(secret):
        raise NoKey(f"{place} must hold a key of at least 16 characters without blanks, and holds something else")
    return Key(secret, place, is_chosen)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
