"""Whether a table has at most one row for some values: its primary key, its unique constraints and indexes say so."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Table, UniqueConstraint
from sqlalchemy.orm import Mapper


def are_unique(mapper: Mapper[Any] | None, columns: list[Column[Any]]) -> bool:
    """Whether at most one row equals these columns: they include the primary key or a unique constraint."""
    if mapper is None:
        return False
    names = {column.key for column in columns}
    table = mapper.local_table
    keys = [tuple(mapper.primary_key)]
    if isinstance(table, Table):
        keys += [
            tuple(constraint.columns) for constraint in table.constraints if isinstance(constraint, UniqueConstraint)
        ]
        keys += [tuple(index.columns) for index in table.indexes if index.unique and _is_of_all_rows(index)]
    return any({column.key for column in key} <= names for key in keys if key)


def _is_of_all_rows(index: Index) -> bool:
    """Whether an index is neither partial (`postgresql_where`), nor of further expressions that are no columns."""
    is_partial = any(name.endswith("_where") for name in index.dialect_kwargs)
    return not is_partial and len(index.expressions) == len(index.columns)
