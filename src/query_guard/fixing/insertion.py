"""A call with options in it: on the statement that it sends, on its query, or as its argument `options`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from query_guard.fixing.elements import appended
from query_guard.fixing.not_understood import NotUnderstood
from query_guard.fixing.options import code_of, merged

_CHAINED = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)
_OTHER_STATEMENTS = frozenset(("text", "insert", "update", "delete"))


def in_statement(call: cst.Call, options: Sequence[cst.BaseExpression]) -> cst.Call:
    """Return `session.scalars(select(User))` with options on its statement."""
    place = statement_place(call)
    argument = call.args[place]
    changed = argument.with_changes(value=with_options(argument.value, options))
    return call.with_changes(args=[*call.args[:place], changed, *call.args[place + 1 :]])


def statement_place(call: cst.Call) -> int:
    """Return which argument is the statement."""
    names = [argument.keyword.value if argument.keyword is not None else "" for argument in call.args]
    if names and not names[0] and not call.args[0].star:
        return 0
    if "statement" in names:
        return names.index("statement")
    raise NotUnderstood("its statement is not among the arguments")


def in_get(call: cst.Call, options: Sequence[cst.BaseExpression]) -> cst.Call:
    """Return `session.get(User, 1)` with `options=[...]`."""
    for place, argument in enumerate(call.args):
        if argument.keyword is not None and argument.keyword.value == "options":
            changed = argument.with_changes(value=_in_list(argument.value, options))
            return call.with_changes(args=[*call.args[:place], changed, *call.args[place + 1 :]])
    elements = appended([], [cst.Element(option) for option in merged([], options)], cst.SimpleWhitespace(""))
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    given = cst.Arg(cst.List(elements), cst.Name("options"), equal)
    return call.with_changes(args=appended(call.args, [given], call.whitespace_before_args))


def in_query(call: cst.Call, options: Sequence[cst.BaseExpression]) -> cst.Call:
    """Return `query.filter(...).all()` with options before its last call."""
    receiver = call.func.value if isinstance(call.func, cst.Attribute) else call.func
    return call.with_changes(func=call.func.with_changes(value=with_options(receiver, options)))


def with_options(statement: cst.BaseExpression, options: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    """Return a statement with options: in its `.options(...)` where it has one, else in a new one at its end."""
    if not isinstance(statement, _CHAINED):
        raise NotUnderstood(f"its statement is no single select: {_shortened(code_of(statement))}")
    if (
        isinstance(statement, cst.Call)
        and isinstance(statement.func, cst.Name)
        and (statement.func.value in _OTHER_STATEMENTS)
    ):
        raise NotUnderstood(f"its statement is made by {statement.func.value}()")
    known = _options_call(statement)
    if known is None:
        return _at_end(statement, options)
    changed: Any = statement.deep_replace(known, _extended(known, options))
    return changed  # type: ignore[no-any-return]  # LibCST gives back the kind of node it was given


def _options_call(statement: cst.BaseExpression) -> cst.Call | None:
    """Return the last `.options(...)` in a chain of calls."""
    while isinstance(statement, cst.Call) and isinstance(statement.func, cst.Attribute):
        if statement.func.attr.value == "options":
            return statement
        statement = statement.func.value
    return None


def _extended(call: cst.Call, options: Sequence[cst.BaseExpression]) -> cst.Call:
    if any(argument.star for argument in call.args):
        new = [cst.Arg(option) for option in merged([], options)]
        return call.with_changes(args=appended(call.args, new, call.whitespace_before_args))
    values = merged([argument.value for argument in call.args], options)
    kept = [argument.with_changes(value=value) for argument, value in zip(call.args, values, strict=False)]
    new = [cst.Arg(value) for value in values[len(kept) :]]
    return call.with_changes(args=appended(kept, new, call.whitespace_before_args))


def _at_end(statement: cst.BaseExpression, options: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    """Return a chain that goes on with `.options(...)`, in a line of its own where the call before it has one."""
    dot = cst.Dot()
    if isinstance(statement, cst.Call) and isinstance(statement.func, cst.Attribute):
        space = statement.func.dot.whitespace_before
        if isinstance(space, cst.ParenthesizedWhitespace):
            dot = cst.Dot(cst.ParenthesizedWhitespace(indent=space.indent, last_line=space.last_line))
    inner: Any = statement.with_changes(lpar=[], rpar=[])
    arguments = appended([], [cst.Arg(option) for option in merged([], options)], cst.SimpleWhitespace(""))
    return cst.Call(
        cst.Attribute(inner, cst.Name("options"), dot),
        arguments,
        lpar=statement.lpar,
        rpar=statement.rpar,
    )


def _in_list(value: cst.BaseExpression, options: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    if not isinstance(value, (cst.List, cst.Tuple)) or any(
        isinstance(element, cst.StarredElement) for element in value.elements
    ):
        raise NotUnderstood(f"its options are no list of options: {_shortened(code_of(value))}")
    known = [element for element in value.elements if isinstance(element, cst.Element)]
    values = merged([element.value for element in known], options)
    kept = [element.with_changes(value=option) for element, option in zip(known, values, strict=False)]
    new = [cst.Element(option) for option in values[len(kept) :]]
    opening = value.lbracket.whitespace_after if isinstance(value, cst.List) else cst.SimpleWhitespace("")
    return value.with_changes(elements=appended(kept, new, opening))


def _shortened(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
