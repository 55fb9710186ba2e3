"""The call at a line that sends a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import libcst as cst
from libcst.metadata import CodeRange, PositionProvider

from query_guard.fixing.insertion import in_get, in_query, in_statement, with_options
from query_guard.fixing.nodes import names_in, nodes_below
from query_guard.fixing.not_understood import NotUnderstood

Change: TypeAlias = Callable[[cst.Call, Sequence[cst.BaseExpression]], cst.BaseExpression]
_Positions: TypeAlias = Mapping[cst.CSTNode, CodeRange]

_SENDS = frozenset(("scalars", "execute", "scalar", "stream", "stream_scalars", "exec"))
_GETS = frozenset(("get", "get_one"))
_FETCHES = frozenset(("all", "first", "one", "one_or_none", "scalar", "get"))
"""Methods of a `Query` that send it."""


class Place(NamedTuple):
    """A call, and how options are put into it."""

    call: cst.Call
    change: Change


def place_at(tree: cst.MetadataWrapper, line: int, entity: str) -> Place:
    """Return the call at a line that sends a select of an entity. Raises NotUnderstood.

    Python calls the line of a call that of its method's name, and in some versions that of its first word.
    """
    positions: _Positions = tree.resolve(PositionProvider)
    for calls in (_named_at(tree.module, positions, line), _begun_at(tree.module, positions, line)):
        for kind in (_sending, _querying):
            places = [place for call in calls if (place := kind(call)) is not None]
            if places:
                return _only(places, line, entity)
    iterated = [call for call in _iterated(tree.module) if _covers(positions[call], line)]
    return _only([Place(call, with_options) for call in iterated], line, entity)


def _only(places: list[Place], line: int, entity: str) -> Place:
    if len(places) > 1:
        places = [place for place in places if entity in names_in(place.call)]
    if len(places) != 1:
        many = "more than one call" if places else "no call"
        raise NotUnderstood(f"{many} at line {line} sends a statement that can be told by its code")
    return places[0]


def _sending(call: cst.Call) -> Place | None:
    name = _method(call)
    if name in _GETS and call.args and not _is_query(call):
        return Place(call, in_get)
    return Place(call, in_statement) if name in _SENDS and call.args else None


def _querying(call: cst.Call) -> Place | None:
    if _method(call) in _FETCHES and isinstance(call.func, cst.Attribute):
        is_result = isinstance(call.func.value, cst.Await) or _method(call.func.value) in _SENDS
        return None if is_result or (call.args and not _is_query(call)) else Place(call, in_query)
    return None


def _is_query(call: cst.BaseExpression) -> bool:
    """Whether a chain of calls begins with `.query(...)`."""
    while isinstance(call, cst.Call):
        if _method(call) == "query":
            return True
        call = call.func.value if isinstance(call.func, cst.Attribute) else call.func
    return False


def _iterated(module: cst.Module) -> list[cst.Call]:
    """Return the queries that are iterated over, so that no method of theirs sends them."""
    chains = [call for call in _calls(module) if _is_query(call)]
    continued = {id(call.func.value) for call in _calls(module) if isinstance(call.func, cst.Attribute)}
    return [call for call in chains if id(call) not in continued]


def _named_at(module: cst.Module, positions: _Positions, line: int) -> list[cst.Call]:
    return [
        call
        for call in _calls(module)
        if isinstance(call.func, cst.Attribute) and positions[call.func.attr].start.line == line
    ]


def _begun_at(module: cst.Module, positions: _Positions, line: int) -> list[cst.Call]:
    return [call for call in _calls(module) if positions[call].start.line == line]


def _covers(position: CodeRange, line: int) -> bool:
    return position.start.line <= line <= position.end.line


def _method(call: cst.BaseExpression) -> str:
    return call.func.attr.value if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) else ""


def _calls(module: cst.Module) -> list[cst.Call]:
    return [node for node in nodes_below(module) if isinstance(node, cst.Call)]
