"""Write expressions of SQLAlchemy as Python code, without any value in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.orm.exc import UnmappedColumnError
from sqlalchemy.sql import functions, operators
from sqlalchemy.sql.elements import Grouping, Label, UnaryExpression

_CALLED: dict[Any, str] = {
    operators.distinct_op: "distinct",
    operators.desc_op: "desc",
    operators.asc_op: "asc",
    operators.nulls_first_op: "nulls_first",
    operators.nulls_last_op: "nulls_last",
}


def written(expression: Any) -> str | None:
    """Return `Post.id`, `func.count(Post.id)`, `Post.id.desc()`; None if it cannot be written without a value."""
    if isinstance(expression, QueryableAttribute):
        expression = expression.__clause_element__()
    if isinstance(expression, Column):
        return _attribute(expression)
    if isinstance(expression, Grouping):
        return written(expression.element)
    if isinstance(expression, Label):
        inner = written(expression.element)
        return None if inner is None else f"{inner}.label({str(expression.name)!r})"
    if isinstance(expression, UnaryExpression):
        return _called(expression)
    if isinstance(expression, functions.FunctionElement):
        return _function(expression)
    return None


def all_written(expressions: Iterable[Any]) -> tuple[str, ...] | None:
    """Return each expression as Python code; None if one cannot be written."""
    codes = [written(expression) for expression in expressions]
    return None if None in codes else tuple(code for code in codes if code is not None)


def all_equal(columns: Iterable[Column[Any]], mapper: Any) -> tuple[str, ...] | None:
    """Return columns as attributes. Columns without a class, such as those of relationships, are the mapper's own."""
    codes = [written(column) or _own_attribute(column, mapper) for column in columns]
    return None if None in codes else tuple(code for code in codes if code is not None)


def _own_attribute(column: Column[Any], mapper: Any) -> str | None:
    if mapper is None or column.table not in mapper.tables:
        return None
    try:
        return f"{mapper.class_.__name__}.{mapper.get_property_by_column(column).key}"
    except UnmappedColumnError:
        return None


def _attribute(column: Column[Any]) -> str | None:
    entity = column._annotations.get("parententity")
    name = column._annotations.get("proxy_key")
    if entity is None or name is None or not getattr(entity, "is_mapper", False):
        return None
    return f"{entity.class_.__name__}.{name}"


def _called(expression: UnaryExpression[Any]) -> str | None:
    method = _CALLED.get(expression.modifier) or _CALLED.get(expression.operator)
    inner = written(expression.element)
    return f"{inner}.{method}()" if method is not None and inner is not None else None


def _function(function: functions.FunctionElement[Any]) -> str | None:
    name = getattr(function, "name", None)
    if name is None or getattr(function, "packagenames", None):
        return None
    arguments = list(function.clauses)
    if name == "count" and [_plain_text(argument) for argument in arguments] == ["*"]:
        return "func.count()"
    codes = all_written(arguments)
    return None if codes is None else f"func.{name}({', '.join(codes)})"


def _plain_text(expression: Any) -> Any:
    """Return text that the application wrote as SQL, or None. To compile an expression could warn the application."""
    return getattr(expression, "name" if getattr(expression, "is_literal", False) else "text", None)
