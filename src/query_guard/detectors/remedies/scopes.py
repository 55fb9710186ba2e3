"""The functions around a line of source code: what they are given, and what they assign."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from tokenize import TokenError
from typing import NamedTuple, TypeAlias

from query_guard.document.source_files import path_of
from query_guard.records import Frame

_DEFINES = ("def ", "async def ")
_ENDS = (")", "]", "}", "#")
"""How a line may begin that is indented less than what it belongs to."""
Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"


class Scope(NamedTuple):
    """The innermost function at a line, and the parameters and assignments of those around it, too."""

    function: Function
    parameters: frozenset[str]
    assigned: dict[str, ast.expr]
    line: int
    """The line, counted from that of the outermost function."""


@lru_cache(maxsize=256)
def scope_at(frame: Frame) -> Scope | None:
    """Return the functions around a line; None if their source is not available."""
    tree, line = code_around(frame)
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    if not around:
        return None
    parameters = frozenset(name for function in around for name in _parameters(function))
    assigned = {name: value for function in around for name, value in _assignments(function)}
    return Scope(around[-1], parameters, assigned, line)


@lru_cache(maxsize=256)
def code_around(frame: Frame) -> tuple[ast.Module, int]:
    """Return the outermost function around a line, or the module, and the line counted from where it begins.

    Without its source, the code is empty.
    """
    lines = linecache.getlines(path_of(frame.file))
    first = _outermost(lines, frame)
    try:
        block = lines if frame.function == "<module>" else inspect.getblock(lines[first - 1 :])
        return ast.parse(textwrap.dedent("".join(block))), frame.line - first + 1
    except (SyntaxError, TokenError, ValueError, IndexError, RecursionError):
        return ast.Module([], []), 0


def _outermost(lines: Sequence[str], frame: Frame) -> int:
    """Return the line at which the outermost function around a line begins, told by the indentation."""
    first, indentation = frame.first_line, _indentation(lines[frame.line - 1]) + 1 if lines[frame.line - 1 :] else 0
    for number in range(min(frame.line, len(lines)), 0, -1):
        text = lines[number - 1].strip()
        if not text or text.startswith(_ENDS) or _indentation(lines[number - 1]) >= indentation:
            continue
        indentation = _indentation(lines[number - 1])
        if text.startswith(_DEFINES):
            first = number
    return first


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _parameters(function: Function) -> list[str]:
    return [argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)]


def _assignments(function: Function) -> list[tuple[str, ast.expr]]:
    return [
        (target.id, node.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
