"""Which engine a dialect belongs to, and which texts were seen on it.

The name says nothing of host, user or password.
"""

from __future__ import annotations

import itertools
from typing import Any

from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.records import Engine

_SEEN = "_query_guard_seen"
_MAX_TEXTS, _MAX_CHARACTERS = 2_000, 1_000_000
_LONGEST = 8 * 1024
"""Texts longer than this are read anew each time, and not kept."""
_EMBEDDED = frozenset(("sqlite", "duckdb"))
_serials = itertools.count(1)


class InfoByText(dict[str, UnreadInfo]):
    """What is known of each text that no compiled statement stands for; all is forgotten where it becomes too much."""

    _characters = 0

    def first_seen(self, sql: str, engine: Engine) -> UnreadInfo:
        info = UnreadInfo(sql, engine)
        if len(sql) <= _LONGEST:
            if len(self) >= _MAX_TEXTS or self._characters > _MAX_CHARACTERS:
                self.clear()
                self._characters = 0
            self[sql] = info
            self._characters += len(sql)
        return info


def seen_by(dialect: Any) -> tuple[Engine, InfoByText]:
    """Return the engine of a dialect, which each engine has one of, shared with its option engines; and its texts."""
    seen: tuple[Engine, InfoByText] | None = dialect.__dict__.get(_SEEN)
    if seen is None:
        name = getattr(dialect, "name", "unknown")  # a pool without an engine has a dialect in name only
        driver = getattr(dialect, "driver", "unknown")
        is_async = bool(getattr(dialect, "is_async", False))
        seen = (Engine(next(_serials), f"{name}+{driver}", name, name not in _EMBEDDED, is_async), InfoByText())
        dialect.__dict__[_SEEN] = seen
    return seen


def engine_of(dialect: Any) -> Engine:
    return seen_by(dialect)[0]
