"""A remedy is put where its finding says, as `query-guard fix` does it."""

from __future__ import annotations

from pathlib import Path

from query_guard.fixing.patch import Addition, patched
from tests.oracle import mappings

_LOADERS = (
    "contains_eager, defaultload, defer, immediateload, joinedload, lazyload, load_only, selectin_polymorphic, "
    "selectinload, subqueryload, undefer"
)
_CLASSES = ", ".join(name for name, value in vars(mappings).items() if hasattr(value, "__mapper__"))
_IMPORTS = f"from sqlalchemy.orm import {_LOADERS}\nfrom {mappings.__name__} import {_CLASSES}\n"
"""What programs are given. It stands below them, so that no line moves."""


def pasted(source: str, line: int, remedy: str) -> str:
    """Return the source with the remedy in the call that begins at a line."""
    whole = source if source.endswith(_IMPORTS) else source + _IMPORTS
    result = patched(whole.encode(), [Addition(line, remedy)], Path("/programs/program.py"), Path("/programs"))
    assert result.refused == {}, f"{result.refused[0]}: {remedy} at line {line} of {source}"
    return result.source.decode()


def replaced(source: str, line: int, text: str) -> str:
    """Return the source with another line in the place of one, as deep as that was."""
    lines = source.splitlines()
    old = lines[line - 1]
    lines[line - 1] = old[: len(old) - len(old.lstrip())] + text
    return "\n".join(lines) + "\n"
