"""Which engine a dialect belongs to, and which texts were seen on it.

The name says nothing of host, user or password.
"""

from __future__ import annotations

import itertools
from typing import Any

from query_guard.capture.origin.statement_info import UnreadTarget
from query_guard.records import Engine

_SEEN = "_query_guard_seen"
_MAX_TARGETS, _MAX_CHARACTERS = 2_000, 1_000_000
_LONGEST = 8 * 1024
"""Texts longer than this are read anew each time, and not kept."""
_EMBEDDED = frozenset(("sqlite", "duckdb"))
_serials = itertools.count(1)


class Targets(dict[str, UnreadTarget]):
    """What is known of each text that no compiled statement stands for; all is forgotten where it becomes too much."""

    _characters = 0

    def first_seen(self, sql: str, engine: Engine) -> UnreadTarget:
        target = UnreadTarget(sql, engine)
        if len(sql) <= _LONGEST:
            if len(self) >= _MAX_TARGETS or self._characters > _MAX_CHARACTERS:
                self.clear()
                self._characters = 0
            self[sql] = target
            self._characters += len(sql)
        return target


def seen_by(dialect: Any) -> tuple[Engine, Targets]:
    """Return the engine of a dialect, which each engine has one of, shared with its option engines; and its texts."""
    seen: tuple[Engine, Targets] | None = dialect.__dict__.get(_SEEN)
    if seen is None:
        name = getattr(dialect, "name", "unknown")  # a pool without an engine has a dialect in name only
        driver = getattr(dialect, "driver", "unknown")
        is_async = bool(getattr(dialect, "is_async", False))
        seen = (Engine(next(_serials), f"{name}+{driver}", name, name not in _EMBEDDED, is_async), Targets())
        dialect.__dict__[_SEEN] = seen
    return seen


def engine_of(dialect: Any) -> Engine:
    return seen_by(dialect)[0]
