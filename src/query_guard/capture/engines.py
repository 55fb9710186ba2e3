"""Which engine a dialect belongs to: a name and a number that say nothing of host, user or password."""

from __future__ import annotations

import itertools
from typing import Any

from query_guard.records import Engine

_ATTRIBUTE = "_query_guard_engine"
_EMBEDDED = frozenset(("sqlite", "duckdb"))
_serials = itertools.count(1)


def engine_of(dialect: Any) -> Engine:
    """Return the engine of a dialect; each engine has one of its own, shared with its option engines."""
    known: Engine | None = dialect.__dict__.get(_ATTRIBUTE)
    if known is not None:
        return known
    name = f"{dialect.name}+{dialect.driver}"
    engine = Engine(next(_serials), name, dialect.name, dialect.name not in _EMBEDDED)
    setattr(dialect, _ATTRIBUTE, engine)
    return engine
