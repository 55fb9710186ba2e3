"""Find the mapped relationships that would load what a statement selects by a foreign key."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column
from sqlalchemy.orm import Mapper, RelationshipDirection
from sqlalchemy.orm.exc import UnmappedColumnError
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList


def collections_behind(
    mapper: Mapper[Any] | None, columns: list[Column[Any]], statement: Any
) -> Iterator[tuple[str, str]]:
    """Yield class and attribute of each relationship that loads the same as a filter on its foreign key.

    A relationship with its own conditions, or with another order, loads something else.
    """
    if mapper is None or not columns:
        return
    order = [str(clause) for clause in getattr(statement, "_order_by_clauses", ())]
    for parent in mapper.registry.mappers:
        for relationship in parent.relationships:
            remote = [remote for _, remote in relationship.local_remote_pairs or ()]
            if (
                relationship.direction is RelationshipDirection.ONETOMANY
                and relationship.parent is parent
                and relationship.lazy not in _NEVER_AHEAD
                and mapper.isa(relationship.mapper)
                and len(remote) == len(columns)
                and set(remote) == set(columns)
                and _joins_by_key(relationship)
                and (not order or order == [str(clause) for clause in relationship.order_by or ()])
            ):
                yield parent.class_.__name__, relationship.key


_NEVER_AHEAD = frozenset(("dynamic", "write_only"))
"""Relationships that no loader option can load."""


def _joins_by_key(relationship: Any) -> bool:
    joined = relationship.primaryjoin
    conditions = list(joined.clauses) if isinstance(joined, BooleanClauseList) else [joined]
    plain = all(
        isinstance(condition, BinaryExpression) and condition.operator is operator.eq for condition in conditions
    )
    return plain and len(conditions) == len(relationship.local_remote_pairs)


def referrers(mapper: Mapper[Any] | None, columns: list[Column[Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield the many-to-one relationships, with their foreign keys, whose target a filter on these columns finds.

    One whose foreign key no attribute has is left out.
    """
    for parent in mapper.registry.mappers if mapper is not None and len(columns) == 1 else ():
        for relationship in parent.relationships:
            pairs = relationship.local_remote_pairs or ()
            if (
                relationship.direction is RelationshipDirection.MANYTOONE
                and relationship.parent is parent
                and relationship.lazy not in _NEVER_AHEAD
                and relationship.mapper is mapper
                and [remote for _, remote in pairs] == columns
                and _joins_by_key(relationship)
            ):
                foreign_key = _attribute(parent, pairs[0][0])
                if foreign_key is not None:
                    yield parent.class_.__name__, relationship.key, foreign_key


def _attribute(mapper: Mapper[Any], column: Any) -> str | None:
    try:
        return mapper.get_property_by_column(column).key
    except UnmappedColumnError:
        return None
