"""What the source code at a line says: whether a select there is for one model, or for a model that it is given."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Sequence

from query_guard.detectors.remedies.remedy import at
from query_guard.detectors.remedies.scopes import Function, Scope, scope_at
from query_guard.document.source_files import path_of
from query_guard.records import Frame, Statement

_MAX_LINES = 10
_SELECTS = frozenset(("select", "query"))
_SENDS = frozenset(("scalars", "scalar", "execute", "stream", "stream_scalars"))
_GETS = frozenset(("get", "get_one"))
_RECEIVERS = frozenset(("self", "cls"))


def chosen_elsewhere(row: Statement) -> tuple[str, Frame | None]:
    """Return where the model of a statement is chosen, if not at the line that sent it: in words, and the caller.

    The words follow "the select" or "the session.get()"; they are empty if that line is for one model only. The caller
    is None if it cannot be seen.
    """
    frames = row.site.frames
    if not frames or not _is_generic(frames[0], row.site.call):
        return "", None
    caller = next((frame for frame in frames[1:] if not _selects_whichever(frame)), (*frames[1:2], None)[0])
    if caller is not None:
        call = f"the call at {caller.file}:{caller.line} in {caller.function}"
        return f"that {call} runs: the line that executes it serves more than one model", caller
    here = frames[0]
    return f"where its model is chosen: {here.file}:{here.line} in {here.function} executes it for more than one", None


def the_select(row: Statement) -> str:
    """Return `the select at crud.py:31`, or where the select comes from, if that line is for more than one model."""
    elsewhere, caller = chosen_elsewhere(row)
    if caller is not None:
        return f"the select of the call at {caller.file}:{caller.line} in {caller.function}"
    return f"the select that is executed{at(row)}, where it is made" if elsewhere else f"the select{at(row)}"


def reads_attribute(frames: Sequence[Frame], attribute: str) -> bool:
    """Whether one of these lines reads an attribute of this name from an object, not from a class."""
    pattern = re.compile(rf"\b_*[a-z]\w*(?:\[[^]]*\]|\(\))?\.{re.escape(attribute)}\b")
    return any(pattern.search(_call_at(frame)) for frame in frames)


def _call_at(frame: Frame) -> str:
    """Return the source of a line, and of those after it that belong to its call."""
    source = ""
    for line in linecache.getlines(path_of(frame.file))[frame.line - 1 :][:_MAX_LINES]:
        source += line
        if source.count("(") <= source.count(")"):
            break
    return source


def _is_generic(frame: Frame, call: str) -> bool:
    """Whether a line takes its model, or the whole select, from the arguments of its function.

    `call` is the method of SQLAlchemy that the line calls.
    """
    scope = scope_at(frame)
    if scope is None:
        return False
    if call in _GETS:
        return any(_comes_from(model, scope) for model in _first_arguments(scope, _GETS))
    if _models(scope):
        return _selects_whichever(frame)
    return any(_is_given(statement, scope) for statement in _first_arguments(scope, _SENDS))


def _selects_whichever(frame: Frame) -> bool:
    """Whether each select in a function is of a model from its arguments."""
    scope = scope_at(frame)
    models = _models(scope) if scope is not None else []
    return scope is not None and bool(models) and all(_comes_from(model, scope) for model in models)


def _models(scope: Scope) -> list[ast.expr]:
    return [call.args[0] for call in _calls(scope.function) if _called(call) in _SELECTS]


def _first_arguments(scope: Scope, names: frozenset[str]) -> list[ast.expr]:
    """Return what the calls at the line are given first, of functions with these names."""
    return [
        call.args[0]
        for call in _calls(scope.function)
        if _called(call) in names and call.lineno <= scope.line <= (call.end_lineno or call.lineno)
    ]


def _calls(function: Function) -> list[ast.Call]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args]


def _comes_from(model: ast.expr, scope: Scope) -> bool:
    """Whether a model is a parameter, or an attribute of one: `model`, `self.model`."""
    root = model
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in scope.parameters


def _is_given(statement: ast.expr, scope: Scope) -> bool:
    """Whether a statement is a parameter, or made from one: `statement`, `statement.limit(5)`."""
    for _ in range(_MAX_LINES):
        while isinstance(statement, (ast.Call, ast.Attribute)):
            if isinstance(statement, ast.Call) and _called(statement) in _SELECTS:
                return False  # `user.posts.select()`
            statement = statement.func if isinstance(statement, ast.Call) else statement.value
        if not isinstance(statement, ast.Name) or statement.id in scope.parameters:
            break
        statement = scope.assigned.get(statement.id, statement)
    return isinstance(statement, ast.Name) and statement.id in scope.parameters - _RECEIVERS


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", None) or getattr(call.func, "attr", ""))
