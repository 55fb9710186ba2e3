"""What the source code at a line says: whether a select there is for one model, or for a model that it is given."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from query_guard.document.source_files import path_of
from query_guard.records import Frame, Statement

_MAX_LINES = 10
_SELECTS = frozenset(("select", "query"))
_SENDS = frozenset(("scalars", "scalar", "execute", "stream", "stream_scalars"))
_Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"


def caller_that_asks(row: Statement) -> Frame | None:
    """Return the caller that chose the model of a select; None if the line that sent it is for one model only."""
    frames = row.site.frames
    if len(frames) < 2 or not _is_generic(frames[0]):
        return None
    return next((frame for frame in frames[1:] if not _selects_whichever(frame)), frames[1])


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


def _is_generic(frame: Frame) -> bool:
    """Whether a line takes its model, or the whole select, from the arguments of its function."""
    function = _function(frame)
    if function is None:
        return False
    if _models(function):
        return _selects_whichever(frame)
    arguments = _arguments(function) - {"self", "cls"}
    statements = [call.args[0] for call in _calls(function) if _called(call) in _SENDS and _is_at(call, frame)]
    return any(_is_given(statement, arguments, function) for statement in statements)


def _selects_whichever(frame: Frame) -> bool:
    """Whether each select in a function is of a model from its arguments."""
    function = _function(frame)
    models = _models(function) if function is not None else []
    return function is not None and bool(models) and all(_comes_from(model, _arguments(function)) for model in models)


def _models(function: _Function) -> list[ast.expr]:
    return [call.args[0] for call in _calls(function) if _called(call) in _SELECTS]


def _calls(function: _Function) -> list[ast.Call]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args]


def _arguments(function: _Function) -> set[str]:
    return {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}


def _is_at(call: ast.Call, frame: Frame) -> bool:
    line = frame.line - frame.first_line + 1
    return call.lineno <= line <= (call.end_lineno or call.lineno)


def _comes_from(model: ast.expr, arguments: set[str]) -> bool:
    """Whether a model is an argument, or an attribute of one: `model`, `self.model`."""
    root = model
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in arguments


def _is_given(argument: ast.expr, arguments: set[str], function: _Function) -> bool:
    """Whether a statement is an argument, or made from one: `statement`, `statement.limit(5)`."""
    assigned = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for _ in range(_MAX_LINES):
        while isinstance(argument, (ast.Call, ast.Attribute)):
            argument = argument.func if isinstance(argument, ast.Call) else argument.value
        if not isinstance(argument, ast.Name) or argument.id in arguments:
            break
        argument = assigned.get(argument.id, argument)
    return isinstance(argument, ast.Name) and argument.id in arguments


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", None) or getattr(call.func, "attr", ""))


@lru_cache(maxsize=256)
def _function(frame: Frame) -> _Function | None:
    """Return the function of a frame, with lines that count from 1; None if its source is not available."""
    lines = linecache.getlines(path_of(frame.file))[frame.first_line - 1 :]
    try:
        parsed = ast.parse(textwrap.dedent("".join(inspect.getblock(lines))))
    except (SyntaxError, ValueError, IndexError, RecursionError):
        return None
    first = parsed.body[0] if parsed.body else None
    return first if isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef)) else None
