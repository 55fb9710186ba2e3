"""Loader options as chains of calls: `selectinload(User.posts).joinedload(Post.author)`, merged with others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import libcst as cst

_AHEAD = frozenset(("selectinload", "joinedload", "subqueryload", "immediateload", "contains_eager"))


class Step(NamedTuple):
    """One call of a chain: its function without a module before it, and its arguments as code."""

    function: str
    arguments: str


def parsed(remedy: str) -> list[cst.BaseExpression]:
    """Return the options of a remedy, which are written as arguments: `joinedload(A.b), undefer(A.c)`."""
    call = cst.parse_expression(f"options({remedy})")
    return [argument.value for argument in call.args] if isinstance(call, cst.Call) else []


def merged(options: Sequence[cst.BaseExpression], new: Sequence[cst.BaseExpression]) -> list[cst.BaseExpression]:
    """Return the options with new ones: what is there already stays, and what leads on from it extends it."""
    kept = list(options)
    for option in new:
        _merge(kept, option)
    return kept


def chained_calls(option: cst.BaseExpression) -> list[cst.Call]:
    """Return the calls of a chain, the first one first."""
    calls: list[cst.Call] = []
    while isinstance(option, cst.Call):
        calls.insert(0, option)
        option = option.func.value if isinstance(option.func, cst.Attribute) else option.func
    return calls


def code_of(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node).strip()


def _merge(options: list[cst.BaseExpression], new: cst.BaseExpression) -> None:
    """Add one option to others, in place."""
    steps = list(_steps(new))
    for place, option in enumerate(options):
        known = list(_steps(option))
        common = min(len(known), len(steps))
        if common and all(map(_is_same, known[:common], steps[:common])):
            options[place] = _extended(option, chained_calls(new)[common:])
            return
    options.append(new)


def _steps(option: cst.BaseExpression) -> Iterator[Step]:
    for call in chained_calls(option):
        function = call.func.attr.value if isinstance(call.func, cst.Attribute) else code_of(call.func)
        arguments = [code_of(argument.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for argument in call.args]
        yield Step(function, ", ".join(arguments))


def _is_same(known: Step, step: Step) -> bool:
    """Whether a step is there already; two findings may load one relationship ahead by different functions."""
    if known.function in _AHEAD and step.function in _AHEAD:
        return known.arguments == step.arguments
    return known == step


def _extended(option: cst.BaseExpression, calls: Sequence[cst.Call]) -> cst.BaseExpression:
    for call in calls:
        if isinstance(call.func, cst.Attribute):
            option = call.with_changes(func=call.func.with_changes(value=option))
    return option
