"""Which engine a dialect belongs to, and which texts were seen on it.

The name says nothing of host, user or password.
"""

from __future__ import annotations

import itertools
from typing import Any

from query_guard.capture.targets import UnreadTarget
from query_guard.records import Engine

_SEEN = "_query_guard_seen"
_MAX_TARGETS = 5_000
_EMBEDDED = frozenset(("sqlite", "duckdb"))
_serials = itertools.count(1)


class Targets(dict[str, UnreadTarget]):
    """What is known of each text's statement; the first execution of a text notes it."""

    def first_seen(self, sql: str, context: Any) -> UnreadTarget:
        if len(self) >= _MAX_TARGETS:
            self.clear()
        target = self[sql] = UnreadTarget(sql, context)
        return target


def seen_by(dialect: Any) -> tuple[Engine, Targets]:
    """Return the engine of a dialect, which each engine has one of, shared with its option engines; and its texts."""
    seen: tuple[Engine, Targets] | None = dialect.__dict__.get(_SEEN)
    if seen is None:
        name = f"{dialect.name}+{dialect.driver}"
        seen = (Engine(next(_serials), name, dialect.name, dialect.name not in _EMBEDDED), Targets())
        dialect.__dict__[_SEEN] = seen
    return seen


def engine_of(dialect: Any) -> Engine:
    return seen_by(dialect)[0]
