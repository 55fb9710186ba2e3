"""A remedy is pasted where its finding says: into the first argument of the call at a line, by the program's source."""

from __future__ import annotations

import ast

_SENDS = frozenset(("scalars", "execute", "scalar", "stream", "stream_scalars"))
_GETS = frozenset(("get", "get_one"))


def pasted(source: str, line: int, remedy: str) -> str:
    """Return the source with the remedy in the call that begins at a line."""
    calls = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args and node.lineno == line
    ]
    for call in calls:
        name = getattr(call.func, "attr", "")
        if name in _GETS:
            return _inserted(source, call.end_lineno, (call.end_col_offset or 0) - 1, f", options=[{remedy}]")
        if name in _SENDS:
            argument = call.args[0]
            return _inserted(source, argument.end_lineno, argument.end_col_offset, f".options({remedy})")
        if name == "query":
            return _inserted(source, call.end_lineno, call.end_col_offset, f".options({remedy})")
    raise AssertionError(f"expected a call that sends a select at line {line}, got none; show it: {source}")


def replaced(source: str, line: int, text: str) -> str:
    """Return the source with another line in the place of one, as deep as that was."""
    lines = source.splitlines()
    old = lines[line - 1]
    lines[line - 1] = old[: len(old) - len(old.lstrip())] + text
    return "\n".join(lines) + "\n"


def _inserted(source: str, line: int | None, column: int | None, text: str) -> str:
    lines = source.splitlines()
    assert line is not None
    old = lines[line - 1]
    lines[line - 1] = old[:column] + text + old[column:]
    return "\n".join(lines) + "\n"
