"""A small file with what the routes of an application did: numbers and names, never a value."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Any, NamedTuple, TypeAlias

from query_guard.own_errors import report_own_error
from query_guard.records import LastingName
from query_guard.user_state import state_directory, without_waiting

NOT_KEPT = "what routes did cannot be kept over a restart"
_MOST_ROUTES = 200
_MOST_BYTES = 2_000_000
_MOST_FILES = 20
"""Files of other applications are kept up to this number, the newest ones."""


class Noted(NamedTuple):
    """What is kept of one report of a route."""

    code: str
    """The version of the code that made it."""
    at: float
    """Seconds since the epoch."""
    statements: int
    succeeded: bool
    findings: tuple[LastingName, ...]
    effects: tuple[LastingName, ...]


class OfRoute(NamedTuple):
    """The last report of a route, and the last one of the code before that."""

    last: Noted
    former: Noted | None


Routes: TypeAlias = Mapping[str, OfRoute]


def file_of_application() -> Path:
    """Return the file of the application that runs in this directory. Raises OSError or RuntimeError without one."""
    name = sha256(os.fsencode(os.getcwd())).hexdigest()[:16]
    return state_directory() / f"changes-{name}.json"


class RouteFile:
    """The routes in a file that several processes share; in memory alone where it cannot be written.

    Each write replaces the whole file at once. Of two processes that write at the same moment one is lost: its next
    report of the route notes the same again.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._state: tuple[int, ...] | None = None
        """What tells whether another process has written since."""
        self._routes: Routes = {}

    def read(self) -> Routes:
        """Return the routes; none for a file of another version."""
        if self._path is not None and (state := _state_of(self._path)) != self._state:
            self._routes, self._state = (_read(self._path) if state is not None else {}), state
        return self._routes

    def note(self, route: str, noted: OfRoute) -> None:
        """Replace what is known of a route; of more than 200, those that were not seen for longest are left out."""
        newest = sorted({**self._routes, route: noted}.items(), key=lambda item: item[1].last.at)
        self._routes = dict(newest[-_MOST_ROUTES:])
        if self._path is None:
            return
        try:
            _write(self._path, self._routes)
            self._state = _state_of(self._path)
        except (OSError, ValueError):
            self._path = None
            report_own_error(NOT_KEPT, own=False)


def _state_of(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> Routes:
    try:
        with open(path, "rb", opener=without_waiting) as file:
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            text = file.read(_MOST_BYTES) if is_file else b""
        routes: dict[str, Any] = json.loads(text)["routes"]
        return {
            str(route): OfRoute(_noted(last), former and _noted(former)) for route, (last, former) in routes.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _noted(values: Any) -> Noted:
    code, at, statements, succeeded, findings, effects = values
    return Noted(str(code), float(at), int(statements), succeeded is True, _names(findings), _names(effects))


def _names(values: Any) -> tuple[LastingName, ...]:
    return tuple(LastingName(str(kind), _text(of), _text(function)) for kind, of, function in values)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _write(path: Path, routes: Routes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make_room(path.parent)
    text = json.dumps({"routes": routes}, separators=(",", ":"))  # at once: json.dump takes four times as long
    handle, unfinished = mkstemp(prefix=f"{path.name}.", dir=path.parent)  # with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as new:
            new.write(text)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def _make_room(directory: Path) -> None:
    """Delete the oldest files of other applications, and what a process has left that was killed as it wrote."""
    with suppress(OSError):
        files = sorted(directory.glob("changes-*"), key=lambda file: file.stat().st_mtime_ns)
        for file in files[: max(0, len(files) + 1 - _MOST_FILES)]:
            file.unlink()
