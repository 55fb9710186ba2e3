"""The module that a class can be imported from, told by the files around: no module is imported for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class Origin(NamedTuple):
    """A module as an import names it, `app.models` or `.models`, and its file."""

    module: str
    file: Path


def module_of(name: str, known: Sequence[str], file: Path, root: Path) -> str:
    """Return the module that a file can import a class from, as it would write it; empty where none is found.

    `known` are classes that it imports already: the one that is wanted is looked for in their modules, in what those
    import, and in the modules beside them.
    """
    for origin in _origins(_parsed(file), known, file, root):
        for found in _near(name, origin, root):
            return found
    return ""


def binds(module: str, name: str, file: Path, root: Path) -> bool:
    """Whether a module that a file imports, `app.models` or `.models`, has a name when it is imported."""
    below = module.lstrip(".")
    found = _file_of(ast.ImportFrom(below or None, [], len(module) - len(below)), file, root)
    return found is not None and _binds(_parsed(found), name)


def _near(name: str, origin: Origin, root: Path) -> Iterator[str]:
    """Yield where a class is, beginning with the module of a class that belongs to it."""
    tree = _parsed(origin.file)
    if _binds(tree, name):
        yield origin.module
    for other in _origins(tree, (name,), origin.file, root):
        if _binds(_parsed(other.file), name) and not other.module.startswith("."):
            yield other.module
    parent, _, last = origin.module.rpartition(".")
    if parent.strip(".") and origin.file.stem == last:
        if _binds(_parsed(origin.file.with_name("__init__.py")), name):
            yield parent
        beside = [each for each in sorted(origin.file.parent.glob("*.py")) if _defines(_parsed(each), name)]
        if len(beside) == 1:
            yield f"{parent}.{beside[0].stem}"


def _origins(tree: ast.Module, names: Sequence[str], file: Path, root: Path) -> Iterator[Origin]:
    """Yield the modules that names are imported from in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name in names for alias in node.names):
            found = _file_of(node, file, root)
            if found is not None:
                yield Origin("." * node.level + (node.module or ""), found)


def _file_of(node: ast.ImportFrom, file: Path, root: Path) -> Path | None:
    """Return the file of a module that another file imports from; None where it lies elsewhere."""
    below = [parent for parent in file.parents if parent == root or root in parent.parents]
    starts = below[node.level - 1 : node.level] if node.level else [*reversed(below), root / "src"]
    for start in starts:
        place = start.joinpath(*(node.module or "").split(".")) if node.module else start
        for candidate in (place.with_suffix(".py") if node.module else place / "__init__.py", place / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _binds(tree: ast.Module, name: str) -> bool:
    """Whether a module has a name when it is imported."""
    imported = (
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    )
    return _defines(tree, name) or name in imported


def _defines(tree: ast.Module, name: str) -> bool:
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in tree.body)


def _parsed(file: Path) -> ast.Module:
    """Return what stands in a file; nothing where it cannot be read."""
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])
