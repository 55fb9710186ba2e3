"""Names added to the imports of a file: to one of the same module where there is one, else in a line of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import libcst as cst

from query_guard.fixing.elements import appended
from query_guard.fixing.options import code_of


class Line(NamedTuple):
    """An import at the top level of a file, and its place in the body."""

    place: int
    node: cst.Import | cst.ImportFrom
    module: str


def with_import(tree: cst.Module, module: str, name: str, beside: str) -> cst.Module:
    """Return a file that imports a name of a module; a new line comes after the last import of `beside`."""
    lines = list(_lines(tree))
    for line in lines:
        if (
            isinstance(line.node, cst.ImportFrom)
            and line.module == module
            and not isinstance(line.node.names, cst.ImportStar)
        ):
            return tree.with_deep_changes(line.node, names=_with_name(line.node, name))
    return _with_line(tree, lines, f"from {module} import {name}", module, beside)


def imports_from(tree: cst.Module, module: str) -> bool:
    """Whether a file has a line that imports names of a module."""
    return any(isinstance(line.node, cst.ImportFrom) and line.module == module for line in _lines(tree))


def _lines(tree: cst.Module) -> Iterator[Line]:
    for place, statement in enumerate(tree.body):
        if isinstance(statement, cst.SimpleStatementLine):
            for node in statement.body:
                if isinstance(node, cst.ImportFrom):
                    dots = "." * len(node.relative)
                    yield Line(place, node, dots + (code_of(node.module) if node.module is not None else ""))
                elif isinstance(node, cst.Import):
                    yield Line(place, node, code_of(node.names[0].name))


def _with_name(node: cst.ImportFrom, name: str) -> list[cst.ImportAlias]:
    opening: Any = node.lpar.whitespace_after if node.lpar is not None else cst.SimpleWhitespace(" ")
    old = (
        [each for each in node.names if isinstance(each, cst.ImportAlias)]
        if not isinstance(node.names, cst.ImportStar)
        else []
    )
    names = appended(old, [cst.ImportAlias(cst.Name(name))], opening)
    ordered = names if "#" in code_of(node) else _in_order(old, names[-1])  # comments stay where they are
    return [
        place.with_changes(name=value.name, asname=value.asname) for place, value in zip(names, ordered, strict=True)
    ]


def _in_order(names: list[cst.ImportAlias], new: cst.ImportAlias) -> list[cst.ImportAlias]:
    """Return names with a new one where it belongs, if they are in an order, or else at the end."""
    for key in _ORDERS:
        keys = [key(code_of(each.name)) for each in names]
        if keys == sorted(keys):
            return sorted([*names, new], key=lambda each: key(code_of(each.name)))
    return [*names, new]


def _by_type(name: str) -> tuple[object, ...]:
    """Order constants before classes, and those before functions, as isort and Ruff do by default."""
    return (not name.isupper(), not name[:1].isupper(), name)


_ORDERS: tuple[Callable[[str], Any], ...] = (_by_type, str.lower, str)


def _with_line(tree: cst.Module, lines: Sequence[Line], code: str, module: str, beside: str) -> cst.Module:
    near = [line for line in lines if _is_in(line.module, beside)]
    before = [line for line in near if line.module <= module or isinstance(line.node, cst.Import)]
    new = cst.parse_statement(code, config=tree.config_for_parsing)
    body = list(tree.body)
    if before or not near:
        place = (before[-1].place if before else _last_import(tree, lines)) + 1
        return tree.with_changes(body=[*body[:place], new, *body[place:]])
    first: Any = body[near[0].place]
    body[near[0].place] = first.with_changes(leading_lines=[])
    new = new.with_changes(leading_lines=first.leading_lines)
    return tree.with_changes(body=[*body[: near[0].place], new, *body[near[0].place :]])


def _is_in(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def _last_import(tree: cst.Module, lines: Sequence[Line]) -> int:
    """Return the place of the last import that is absolute, or of the docstring."""
    absolute = [line.place for line in lines if not line.module.startswith(".")]
    if absolute:
        return absolute[-1]
    return 0 if tree.get_docstring() is not None else -1
