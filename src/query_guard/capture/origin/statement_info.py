"""What the mappings say of a statement: its entity, its filters, the relationship that it replaces.

On the hot path a statement is only kept, once for each text. It is read after the window, for all executions of the
text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, inspect
from sqlalchemy.engine.interfaces import CacheStats
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.exc import UnmappedColumnError

from query_guard.capture.origin.clauses import CONDITION, clauses_of, equalities, is_got
from query_guard.capture.origin.joined import CONTAINED, joined_relationships
from query_guard.capture.origin.loader_options import options_of
from query_guard.capture.origin.mappers import key_attributes, lineage
from query_guard.capture.origin.relationships import collections_behind, referrers
from query_guard.capture.origin.site_cache import SiteCache
from query_guard.capture.origin.unique_keys import are_unique
from query_guard.capture.origin.unjoined import unjoined_tables
from query_guard.records import NO_INFO, Clauses, Engine, Entity, StatementInfo

TRANSACTION_CONTROL = (
    "SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO ", "SAVE TRANSACTION ", "ROLLBACK TRANSACTION ",
    "PREPARE TRANSACTION ", "COMMIT PREPARED ", "ROLLBACK PREPARED ", "BEGIN", "COMMIT",
)  # fmt: skip

ON_COMPILED = "_query_guard_info"
"""The attribute of a compiled statement, which SQLAlchemy caches, that holds the info of its text."""
_BOUNDED = r"(?i)\b(?:LIMIT|OFFSET|FETCH|BETWEEN)\b|[<>]"
"""What may read a list in parts: then it matters how many rows each part has."""
_WRITING = r"(?i)\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE)\b"
_UNCACHED = frozenset((CacheStats.NO_CACHE_KEY, CacheStats.CACHING_DISABLED, CacheStats.NO_DIALECT_SUPPORT))


class UnreadInfo:
    """A text and its statement, kept on the hot path. Call `read()` after the window."""

    __slots__ = (
        "_compiled",
        "_info",
        "_is_noted",
        "_statement",
        "engine",
        "is_bounded",
        "is_control",
        "may_write",
        "shape",
        "site_cache",
        "sql",
        "text",
    )  # fmt: skip

    def __init__(self, sql: str, engine: Engine) -> None:
        self.sql = sql
        self.engine = engine
        self.site_cache = SiteCache()
        self.is_control = sql.startswith(TRANSACTION_CONTROL)
        self.is_bounded = re.search(_BOUNDED, sql) is not None
        self.may_write = re.search(_WRITING, sql) is not None
        self._is_noted = False
        self.text = hash(sql)
        self.shape: tuple[Any, ...] | None = None
        """The fields of `Statement` from `fingerprint` to `info`, once the text has been read."""
        self._statement = self._compiled = None
        self._info: StatementInfo | None = None

    def note(self, context: Any) -> None:
        """Keep the statement until it is read. Not called where executions are only counted.

        One that SQLAlchemy does not keep either is read at once: `insert(table).values(rows)` holds all its rows.
        """
        if not self._is_noted:
            self._is_noted = True
            self._statement = context.invoked_statement
            self._compiled = context.compiled
            if getattr(context, "cache_hit", None) in _UNCACHED:
                self.read()

    def read(self) -> StatementInfo:
        if self._info is None:
            self._info = NO_INFO if self._statement is None else _describe(self._statement, self._compiled)
            self._statement = self._compiled = None
        return self._info


def _describe(statement: Any, compiled: Any) -> StatementInfo:
    try:
        mapper, aliased = _root(statement)
        columns = equalities(getattr(statement, "whereclause", None))
        own_columns = [column for column in columns if mapper is None or _is_of(mapper, column)]
        all_own = len(own_columns) == len(columns)
        return StatementInfo(
            entity=mapper.class_.__name__ if mapper is not None else None,
            lineage=lineage(mapper) if mapper is not None else (),
            aliased=aliased,
            filters=tuple(_attribute(mapper, column) for column in own_columns) if all_own else (),
            unique=bool(own_columns) and are_unique(mapper, own_columns),
            walks=tuple(collections_behind(mapper, own_columns, statement)) if all_own else (),
            joined=joined_relationships(compiled, collections=True),
            joined_objects=joined_relationships(compiled, collections=False),
            entities=tuple(_entities(statement)),
            options=options_of(statement),
            clauses=_clauses(statement, mapper),
            keys=key_attributes(mapper) if mapper is not None else (),
            referrers=tuple(referrers(mapper, columns)) if mapper is not None else (),
            contained=joined_relationships(compiled, collections=True, by=CONTAINED),
            unjoined=tuple(unjoined_tables(compiled)),
        )
    except (SQLAlchemyError, AttributeError, LookupError, TypeError):
        return NO_INFO


def _clauses(statement: Any, mapper: Mapper[Any] | None) -> Clauses:
    clauses = clauses_of(statement, mapper)
    if not is_got(getattr(statement, "whereclause", None)):
        return clauses
    return clauses._replace(got=True, further=tuple(name for name in clauses.further if name != CONDITION))


def _root(statement: Any) -> tuple[Mapper[Any] | None, bool]:
    """Return the mapper of the first entity that a statement selects or writes, and whether it is an alias."""
    described = getattr(statement, "column_descriptions", None) or [getattr(statement, "entity_description", {})]
    entity = described[0].get("entity")
    if entity is None:
        return _mapper_of_filter(statement), False
    return inspect(entity).mapper, bool(described[0].get("aliased"))


def _mapper_of_filter(statement: Any) -> Mapper[Any] | None:
    """Return the mapper whose columns are in the filter of a statement without entities, such as a count."""
    for column in equalities(getattr(statement, "whereclause", None)):
        entity = column._annotations.get("parententity")
        if entity is not None and getattr(entity, "is_mapper", False):
            mapper: Mapper[Any] = entity
            return mapper
    return None


def _entities(statement: Any) -> Iterator[Entity]:
    """Yield the classes whose objects a statement returns. A column of a class is no object."""
    for column in getattr(statement, "column_descriptions", None) or ():
        entity = column.get("entity")
        if entity is not None and column["expr"] is entity:
            mapper = inspect(entity).mapper
            yield Entity(mapper.class_.__name__, lineage(mapper), bool(column["aliased"]))


def _is_of(mapper: Mapper[Any] | None, column: Column[Any]) -> bool:
    return mapper is not None and column.table in mapper.tables


def _attribute(mapper: Mapper[Any] | None, column: Column[Any]) -> str:
    if mapper is None:
        return str(column.key)
    try:
        return mapper.get_property_by_column(column).key
    except UnmappedColumnError:
        return str(column.key)
