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
from query_guard.capture.origin.site_cache import Shortcut
from query_guard.records import NO_TARGET, Engine, Target

TRANSACTION_CONTROL = (
    "SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO ", "SAVE TRANSACTION ", "ROLLBACK TRANSACTION ",
    "PREPARE TRANSACTION ", "COMMIT PREPARED ", "ROLLBACK PREPARED ", "BEGIN", "COMMIT",
)  # fmt: skip

_WRITING = r"(?i)\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE)\b"


class UnreadTarget:
    """A text and its statement, noted on the hot path; `read()` it once the window is over."""

    __slots__ = (
        "_compiled", "_is_noted", "_statement", "_target", "engine", "is_control", "may_write", "shape", "sql", "text",
        "way_out",
    )  # fmt: skip

    def __init__(self, sql: str, engine: Engine) -> None:
        self.sql = sql
        self.engine = engine
        self.way_out = Shortcut()
        self.is_control = sql.startswith(TRANSACTION_CONTROL)
        self.may_write = re.search(_WRITING, sql) is not None
        self._is_noted = False
        self.text = hash(sql)
        self.shape: tuple[Any, ...] | None = None
        """What is known of the text, once it has been read: as `Statement` has it, from `fingerprint` to `target`."""
        self._statement = self._compiled = None
        self._target: Target | None = None

    def note(self, context: Any) -> None:
        """Keep the statement until it is read; not called where executions are only counted."""
        if not self._is_noted:
            self._is_noted = True
            self._statement = context.invoked_statement
            self._compiled = context.compiled

    def read(self) -> Target:
        if self._target is None:
            self._target = NO_TARGET if self._statement is None else _describe(self._statement, self._compiled)
            self._statement = self._compiled = None
        return self._target


def _describe(statement: Any, compiled: Any) -> Target:
    try:
        mapper, aliased = _root(statement)
        columns = list(_equalities(getattr(statement, "whereclause", None)))
        return Target(
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
        return NO_TARGET


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
