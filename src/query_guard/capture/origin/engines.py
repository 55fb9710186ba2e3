"""The engine of a dialect, and the SQL texts that were sent on it.

The name of an engine holds no host, user or password.
"""

from __future__ import annotations

import itertools
from typing import Any

from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.records import Engine

_ENGINE_AND_TEXTS = "_query_guard_seen"
_MAX_TEXTS, _MAX_CHARACTERS = 2_000, 1_000_000
_LONGEST = 8 * 1024
"""Longer texts are not kept, but read each time."""
_EMBEDDED = frozenset(("sqlite", "duckdb"))
_serials = itertools.count(1)


class InfoByText(dict[str, UnreadInfo]):
    """The info of each text without a compiled statement. All are dropped when they are too many."""

    _characters = 0

    def add(self, sql: str, engine: Engine) -> UnreadInfo:
        info = UnreadInfo(sql, engine)
        if len(sql) <= _LONGEST:
            if len(self) >= _MAX_TEXTS or self._characters > _MAX_CHARACTERS:
                self.clear()
                self._characters = 0
            self[sql] = info
            self._characters += len(sql)
        return info


def engine_and_texts(dialect: Any) -> tuple[Engine, InfoByText]:
    """Return the engine of a dialect, and its texts. An engine shares its dialect with its option engines."""
    pair: tuple[Engine, InfoByText] | None = dialect.__dict__.get(_ENGINE_AND_TEXTS)
    if pair is None:
        name = getattr(dialect, "name", "unknown")  # the dialect of a pool without an engine has no name
        driver = getattr(dialect, "driver", "unknown")
        is_async = bool(getattr(dialect, "is_async", False))
        pair = (Engine(next(_serials), f"{name}+{driver}", name, name not in _EMBEDDED, is_async), InfoByText())
        dialect.__dict__[_ENGINE_AND_TEXTS] = pair
    return pair


def engine_of(dialect: Any) -> Engine:
    return engine_and_texts(dialect)[0]
