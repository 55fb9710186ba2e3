"""What a statement is about, as the mappings know it: its entity, its filters, the relationship it walks by hand.

A statement is only noted when its text is first seen, and read after the window, once for all executions of that
text.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, UniqueConstraint, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, RelationshipDirection
from sqlalchemy.orm.exc import UnmappedColumnError
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList

from query_guard.capture.origin.loaders import joined_relationships
from query_guard.capture.origin.site_cache import SiteCache
from query_guard.records import NO_INFO, Engine, StatementInfo

TRANSACTION_CONTROL = (
    "SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO ", "SAVE TRANSACTION ", "ROLLBACK TRANSACTION ",
    "PREPARE TRANSACTION ", "COMMIT PREPARED ", "ROLLBACK PREPARED ", "BEGIN", "COMMIT",
)  # fmt: skip

_WRITING = r"(?i)\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE)\b"


class UnreadInfo:
    """A text and its statement, noted on the hot path; `read()` it once the window is over."""

    __slots__ = (
        "_compiled",
        "_info",
        "_is_noted",
        "_statement",
        "engine",
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
        self.may_write = re.search(_WRITING, sql) is not None
        self._is_noted = False
        self.text = hash(sql)
        self.shape: tuple[Any, ...] | None = None
        """What is known of the text, once it has been read: as `Statement` has it, from `fingerprint` to `info`."""
        self._statement = self._compiled = None
        self._info: StatementInfo | None = None

    def note(self, context: Any) -> None:
        """Keep the statement until it is read; not called where executions are only counted."""
        if not self._is_noted:
            self._is_noted = True
            self._statement = context.invoked_statement
            self._compiled = context.compiled

    def read(self) -> StatementInfo:
        if self._info is None:
            self._info = NO_INFO if self._statement is None else _describe(self._statement, self._compiled)
            self._statement = self._compiled = None
        return self._info


def _describe(statement: Any, compiled: Any) -> StatementInfo:
    try:
        mapper, aliased = _root(statement)
        columns = list(_equalities(getattr(statement, "whereclause", None)))
        return StatementInfo(
            entity=mapper.class_.__name__ if mapper is not None else None,
            lineage=tuple(base.class_.__name__ for base in mapper.iterate_to_root()) if mapper is not None else (),
            aliased=aliased,
            filters=tuple(_attribute(mapper, column) for column in columns),
            unique=mapper is not None and _find_one(mapper, columns),
            walks=tuple(_collections_behind(mapper, columns)) if mapper is not None else (),
            joined=joined_relationships(compiled, collections=True),
            joined_objects=joined_relationships(compiled, collections=False),
        )
    except (SQLAlchemyError, AttributeError, TypeError):
        return NO_INFO


def _root(statement: Any) -> tuple[Mapper[Any] | None, bool]:
    """Return the mapper of the first entity that a statement selects or writes, and whether it is an alias."""
    described = getattr(statement, "column_descriptions", None) or [getattr(statement, "entity_description", {})]
    entity = described[0].get("entity")
    if entity is None:
        return None, False
    return inspect(entity).mapper, bool(described[0].get("aliased"))


def _equalities(clause: Any) -> Iterator[Column[Any]]:
    """Yield the columns that must equal a bind; nothing when any other condition takes part."""
    parts = (
        list(clause.clauses) if isinstance(clause, BooleanClauseList) and clause.operator is operator.and_ else [clause]
    )
    columns = [_compared(part) for part in parts]
    if all(column is not None for column in columns):
        yield from (column for column in columns if column is not None)


def _compared(part: Any) -> Column[Any] | None:
    if not isinstance(part, BinaryExpression) or part.operator is not operator.eq:
        return None
    for column, value in ((part.left, part.right), (part.right, part.left)):
        if isinstance(column, Column) and isinstance(value, BindParameter):
            return column
    return None


def _attribute(mapper: Mapper[Any] | None, column: Column[Any]) -> str:
    if mapper is None:
        return str(column.key)
    try:
        return mapper.get_property_by_column(column).key
    except UnmappedColumnError:
        return str(column.key)


def _find_one(mapper: Mapper[Any], columns: list[Column[Any]]) -> bool:
    """Whether equality with these columns finds at most one row: they cover the primary key or a unique constraint."""
    names = {column.key for column in columns}
    table = mapper.local_table
    keys = [tuple(mapper.primary_key)]
    if isinstance(table, Table):
        keys += [tuple(part.columns) for part in table.constraints if isinstance(part, UniqueConstraint)]
        keys += [tuple(index.columns) for index in table.indexes if index.unique]
    return any({column.key for column in key} <= names for key in keys if key)


def _collections_behind(mapper: Mapper[Any], columns: list[Column[Any]]) -> Iterator[tuple[str, str]]:
    """Yield class and attribute of each relationship that would have loaded what a filter on its foreign key loads."""
    for parent in mapper.registry.mappers:
        for relationship in parent.relationships:
            remote = [remote for _, remote in relationship.local_remote_pairs or ()]
            if (
                relationship.direction is RelationshipDirection.ONETOMANY
                and relationship.parent is parent
                and mapper.isa(relationship.mapper)
                and len(remote) == len(columns)
                and set(remote) == set(columns)
            ):
                yield parent.class_.__name__, relationship.key
