"""The source of a file with the options of findings in it, and what could not be put there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import libcst as cst

from query_guard.fixing.calls import Place, place_at
from query_guard.fixing.imports import imports_from, with_import
from query_guard.fixing.models import binds, module_of
from query_guard.fixing.names import ALIAS, Names, roots_of
from query_guard.fixing.not_understood import NotUnderstood
from query_guard.fixing.options import code_of, parsed

_ORM = "sqlalchemy.orm"


class Addition(NamedTuple):
    """The options of a remedy, and the line of the call that they belong to."""

    line: int
    remedy: str


@dataclass
class Patched:
    """A source with options, and for each addition that is not in it why, by its place among them."""

    source: bytes
    refused: dict[int, str] = field(default_factory=dict)


class _Needed(NamedTuple):
    """A name to import, and the module beside whose imports it belongs."""

    module: str
    name: str
    beside: str


def patched(source: bytes, additions: Sequence[Addition], file: Path, root: Path) -> Patched:
    """Return a source with all additions that are understood. `root` is the directory of the project."""
    result = Patched(source)
    try:
        tree = cst.MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    except (cst.ParserSyntaxError, UnicodeDecodeError, ValueError):
        result.refused = dict.fromkeys(range(len(additions)), "the file is not Python that can be read")
        return result
    edits: dict[cst.Call, _Edit] = {}
    needed: list[_Needed] = []
    for number, addition in enumerate(additions):
        try:
            place, options, names = _prepared(tree, addition, file, root)
            edits[place.call] = edits.get(place.call, _Edit(place, [])).with_options(options)
        except NotUnderstood as error:
            result.refused[number] = str(error)
            continue
        needed += names
    if edits:
        changed = tree.module.visit(_Edits(edits))
        for imported in dict.fromkeys(needed):
            changed = with_import(changed, imported.module, imported.name, imported.beside)
        result.source = changed.bytes
    return result


class _Edit(NamedTuple):
    place: Place
    options: list[cst.BaseExpression]

    def with_options(self, options: Sequence[cst.BaseExpression]) -> _Edit:
        """Return the edit with the options of a further remedy. Raises NotUnderstood, also where the call has them."""
        call, change = self.place
        if code_of(change(call, options)) == code_of(call):
            raise NotUnderstood("its option is there already")
        all_options = [*self.options, *options]
        change(call, all_options)
        return self._replace(options=all_options)


class _Edits(cst.CSTTransformer):
    """Put the options into their calls."""

    def __init__(self, edits: dict[cst.Call, _Edit]) -> None:
        super().__init__()
        self._edits = edits

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        edit = self._edits.get(original_node)
        return updated_node if edit is None else edit.place.change(updated_node, edit.options)


def _prepared(
    tree: cst.MetadataWrapper, addition: Addition, file: Path, root: Path
) -> tuple[Place, list[cst.BaseExpression], list[_Needed]]:
    """Return the call, and the options as the file writes their names, with what it must import for them."""
    options = parsed(addition.remedy)
    functions, classes = roots_of(options)
    place = place_at(tree, addition.line, classes[0] if classes else "")
    names = Names(tree, place.call)
    written: dict[str, str] = {}
    needed: list[_Needed] = []
    for function in functions:
        written[function] = names.imported_as(_ORM, function) or _by_module(tree.module, names, function) or function
        if written[function] == function and not names.has(function):
            needed.append(_Needed(_ORM, function, "sqlalchemy"))
    for name in classes:
        written[name] = names.alias_in(place.call) if name == ALIAS else _class(name, classes, names, file, root)
        if written[name] == name and not names.has(name):
            module = _module(name, classes, names, file, root)
            needed.append(_Needed(module, name, module.rpartition(".")[0] or module))
    # `visit` is typed for transformers that remove nodes, too
    renamed = [cast("cst.BaseExpression", option.visit(_Renamed(written))) for option in options]
    return place, renamed, needed


def _by_module(tree: cst.Module, names: Names, function: str) -> str:
    """Return `orm.selectinload` where the file imports the module alone; empty elsewhere."""
    module = "" if names.has(function) or imports_from(tree, _ORM) else names.module_as(_ORM)
    return f"{module}.{function}" if module else ""


def _class(name: str, classes: Sequence[str], names: Names, file: Path, root: Path) -> str:
    """Return `User`, or `models.User` where the file writes its classes so."""
    if names.has(name):
        return name
    for other in (name, *classes):
        module = names.module_of_attribute(other)
        if module is not None and (other == name or binds(module.path, name, file, root)):
            return f"{module.name}.{name}"
    return name


def _module(name: str, classes: Sequence[str], names: Names, file: Path, root: Path) -> str:
    if names.is_for_types(name):
        raise NotUnderstood(f"the file imports {name} for type checkers alone")
    module = module_of(name, [other for other in classes if names.has(other)], file, root)
    if not module:
        raise NotUnderstood(f"the file does not import {name}, and where it comes from cannot be told")
    return module


class _Renamed(cst.CSTTransformer):
    """Write names as the file does; those of attributes and of keywords are others."""

    def __init__(self, written: Mapping[str, str]) -> None:
        super().__init__()
        self._written = written

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return False

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        return updated_node.with_changes(value=original_node.value.visit(self))

    def visit_Arg(self, node: cst.Arg) -> bool:
        return False

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(value=original_node.value.visit(self))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return cst.parse_expression(self._written.get(original_node.value, original_node.value))
