"""The clauses of a statement as Python code: its columns, filters, groups and locks, and the names of all others.

A remedy may only offer code with the same result, so each clause that cannot be written as code is named.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Join, Select
from sqlalchemy.sql.visitors import iterate

from query_guard.capture.origin.python_code import all_equal, all_written
from query_guard.records import CRITERIA, POPULATES, Clauses

_AGGREGATES = frozenset(("count", "sum", "max", "min", "avg", "array_agg", "string_agg", "group_concat", "total"))
CONDITION = "a condition"
"""A filter other than `column == value`, or several of them."""
_GOT = "pk_"
"""The prefix of the binds in the select of `session.get()`."""


def clauses_of(statement: Any, mapper: Any) -> Clauses:
    """Return the clauses of a statement; NOTHING_KNOWN for text, and for statements of other kinds."""
    if isinstance(statement, Select):
        return _of_select(statement, mapper)
    if isinstance(statement, Insert):
        return Clauses(further=tuple(_insert_further(statement)))
    if isinstance(statement, (Update, Delete)):
        return _of_change(statement, mapper)
    return NOTHING_KNOWN


NOTHING_KNOWN = Clauses(further=("text",))


def equalities(clause: Any) -> list[Column[Any]]:
    """Return the columns that must equal a bind; none if there is any other condition."""
    if clause is None:
        return []
    conjunction = isinstance(clause, BooleanClauseList) and clause.operator is operator.and_
    columns = [_compared(condition) for condition in (list(clause.clauses) if conjunction else [clause])]
    compared = [column for column in columns if column is not None]
    return compared if len(compared) == len(columns) else []


def is_got(clause: Any) -> bool:
    """Whether a filter is that of `session.get()`, by the names of its binds."""
    binds = [element for element in iterate(clause) if isinstance(element, BindParameter)] if clause is not None else []
    return bool(binds) and all(str(bind.key).startswith(_GOT) and not bind.unique for bind in binds)


def _compared(condition: Any) -> Column[Any] | None:
    if not isinstance(condition, BinaryExpression) or condition.operator is not operator.eq:
        return None
    for column, value in ((condition.left, condition.right), (condition.right, condition.left)):
        if isinstance(column, Column) and isinstance(value, BindParameter):
            return column
    return None


def _of_select(statement: Select[Any], mapper: Any) -> Clauses:
    selected = [entry["expr"] for entry in statement.column_descriptions if entry["expr"] is not entry.get("entity")]
    columns = all_written(selected)
    group_by, order_by = all_written(statement._group_by_clauses), all_written(statement._order_by_clauses)
    where = all_equal(equalities(statement.whereclause), mapper)
    parts = {"such columns": columns, "GROUP BY": group_by, "ORDER BY": order_by}
    lock, locks_more = _lock(statement._for_update_arg)
    return Clauses(
        columns or (),
        where or (),
        group_by or (),
        order_by or (),
        lock,
        any(map(_is_aggregate, selected)),
        (
            *(name for name, code in parts.items() if code is None),
            *(("FOR UPDATE OF",) if locks_more else ()),
            *_select_further(statement, where),
        ),
    )


def _select_further(statement: Any, where: tuple[str, ...] | None) -> Iterator[str]:
    if statement.whereclause is not None and not where:
        yield CONDITION
    if statement._limit_clause is not None or getattr(statement, "_fetch_clause", None) is not None:
        yield "LIMIT"
    if statement._offset_clause is not None:
        yield "OFFSET"
    if statement._distinct or statement._distinct_on:
        yield "DISTINCT"
    if statement._having_criteria:
        yield "HAVING"
    if statement._setup_joins or any(isinstance(source, Join) for source in statement._from_obj):
        yield "JOIN"
    if statement._prefixes or statement._suffixes or getattr(statement, "_independent_ctes", ()):
        yield "a prefix"
    if getattr(statement, "_execution_options", {}).get("populate_existing"):
        yield POPULATES
    criteria = [isinstance(option, LoaderCriteriaOption) for option in statement._with_options]
    if not all(criteria):
        yield "options"
    if any(criteria):
        yield CRITERIA


def _lock(argument: Any) -> tuple[str, bool]:
    """Return FOR UPDATE as Python code, and whether it has an OF, which is not in the code."""
    if argument is None:
        return "", False
    flags = ("nowait", "read", "skip_locked", "key_share")
    arguments = ", ".join(f"{flag}=True" for flag in flags if getattr(argument, flag, False))
    return f".with_for_update({arguments})", bool(getattr(argument, "of", None))


def _is_aggregate(expression: Any) -> bool:
    return any(
        isinstance(element, FunctionElement) and getattr(element, "name", "") in _AGGREGATES
        for element in iterate(expression)
    )


def _insert_further(statement: Any) -> Iterator[str]:
    if statement._post_values_clause is not None:
        yield "ON CONFLICT"
    if statement._returning:
        yield "RETURNING"
    if statement.select is not None:
        yield "a SELECT"
    if _sets_expressions(statement) or statement._multi_values:
        yield "an expression"


def _of_change(statement: Any, mapper: Any) -> Clauses:
    where = all_equal(equalities(statement.whereclause), mapper) or ()
    further = []
    if statement.whereclause is not None and not where:
        further.append(CONDITION)
    if statement._returning:
        further.append("RETURNING")
    if _sets_expressions(statement):
        further.append("an expression")
    if statement._prefixes or statement._independent_ctes:
        further.append("a prefix")
    return Clauses(where=where, further=tuple(further))


def _sets_expressions(statement: Any) -> bool:
    """Whether the database computes a new value."""
    values = (getattr(statement, "_values", None) or {}).values()
    ordered = [value for _, value in getattr(statement, "_ordered_values", None) or ()]
    return any(
        not isinstance(value, BindParameter)
        and (hasattr(value, "__clause_element__") or hasattr(value, "_traverse_internals"))
        for value in (*values, *ordered)
    )
