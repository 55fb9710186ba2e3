"""Which engine a dialect belongs to: a name and a number that say nothing of host, user or password."""

from __future__ import annotations

import itertools
from typing import Any

from query_guard.capture.targets import UnreadTarget
from query_guard.records import Engine

_ATTRIBUTE = "_query_guard_engine"
_TARGETS = "_query_guard_targets"
_MAX_TARGETS = 5_000
_EMBEDDED = frozenset(("sqlite", "duckdb"))
_serials = itertools.count(1)


def target_of(dialect: Any, sql: str, context: Any) -> UnreadTarget:
    """Return what is known of a text's statement; the first execution of each text on each engine notes it."""
    known: dict[str, UnreadTarget] | None = dialect.__dict__.get(_TARGETS)
    if known is None or len(known) > _MAX_TARGETS:
        known = dialect.__dict__[_TARGETS] = {}
    target = known.get(sql)
    if target is None:
        target = known[sql] = UnreadTarget(context)
    return target


def engine_of(dialect: Any) -> Engine:
    """Return the engine of a dialect; each engine has one of its own, shared with its option engines."""
    known: Engine | None = dialect.__dict__.get(_ATTRIBUTE)
    if known is not None:
        return known
    name = f"{dialect.name}+{dialect.driver}"
    engine = Engine(next(_serials), name, dialect.name, dialect.name not in _EMBEDDED)
    setattr(dialect, _ATTRIBUTE, engine)
    return engine
