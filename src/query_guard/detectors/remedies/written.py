"""What stands in the source at a line: whether a select there is for one model, or for whichever is asked."""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import re
import sys
import textwrap
from collections.abc import Sequence
from functools import lru_cache

from query_guard.records import Frame, Statement

_MAX_LINES = 10
_SELECTS = frozenset(("select", "query"))


def is_generic(row: Statement) -> bool:
    """Whether the line that sent a statement takes its model, or the whole select, from whoever calls it."""
    frame = row.site.innermost
    return frame is not None and len(row.site.frames) > 1 and _is_generic(frame)


def reads_attribute(frames: Sequence[Frame], attribute: str) -> bool:
    """Whether one of these lines reads an attribute of this name of an object, not of a class."""
    pattern = re.compile(rf"\b_*[a-z]\w*(?:\[[^]]*\]|\(\))?\.{re.escape(attribute)}\b")
    return any(pattern.search(_call_at(frame)) for frame in frames)


def _call_at(frame: Frame) -> str:
    """Return the source of a line, and of those after it that belong to its call."""
    source = ""
    for line in linecache.getlines(_path(frame.file))[frame.line - 1 :][:_MAX_LINES]:
        source += line
        if source.count("(") <= source.count(")"):
            break
    return source


@lru_cache(maxsize=256)
def _is_generic(frame: Frame) -> bool:
    function = _function(frame)
    if function is None:
        return False
    given = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args]
    models = [call.args[0] for call in calls if _called(call) in _SELECTS]
    if models:
        return all(_comes_from(model, given) for model in models)
    return any(_is_given(call.args[0], given - {"self", "cls"}) for call in _calls_at(calls, frame))


def _comes_from(model: ast.expr, given: set[str]) -> bool:
    """Whether a model is an argument, or an attribute of one: `model`, `self.model`."""
    root = model
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in given


def _is_given(argument: ast.expr, given: set[str]) -> bool:
    """Whether a statement is an argument, or one that was gone on with: `statement`, `statement.limit(5)`."""
    while isinstance(argument, (ast.Call, ast.Attribute)):
        argument = argument.func if isinstance(argument, ast.Call) else argument.value
    return isinstance(argument, ast.Name) and argument.id in given


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", None) or getattr(call.func, "attr", ""))


def _calls_at(calls: list[ast.Call], frame: Frame) -> list[ast.Call]:
    line = frame.line - frame.first_line + 1
    return [call for call in calls if call.lineno <= line <= (call.end_lineno or call.lineno)]


@lru_cache(maxsize=256)
def _function(frame: Frame) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the function that a frame ran, its first line being 1; None where its source is not to be had."""
    lines = linecache.getlines(_path(frame.file))[frame.first_line - 1 :]
    try:
        parsed = ast.parse(textwrap.dedent("".join(inspect.getblock(lines))))
    except (SyntaxError, ValueError, IndexError, RecursionError):
        return None
    first = parsed.body[0] if parsed.body else None
    return first if isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef)) else None


def _path(shown: str) -> str:
    """Return where a file lies that is shown by its path below the working directory or an import root."""
    roots = [os.getcwd(), *(path for path in sys.path if path)]
    return next((path for root in roots if os.path.isfile(path := os.path.join(root, shown))), shown)
