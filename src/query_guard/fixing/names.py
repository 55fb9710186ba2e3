"""Names that an option uses: those that the file has at a place, and where the others come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import libcst as cst
from libcst.metadata import Assignment, ImportAssignment, ParentNodeProvider, ScopeProvider

from query_guard.fixing.nodes import names_in, nodes_below
from query_guard.fixing.not_understood import NotUnderstood

ALIAS = "alias"
"""Stands in a remedy for the name that the file has for an alias."""


def roots_of(options: Sequence[cst.BaseExpression]) -> tuple[list[str], list[str]]:
    """Return the functions and the classes that options are written with: `selectinload`, and `User`."""
    functions: list[str] = []
    classes: list[str] = []
    for option in options:
        finder = _Roots()
        option.visit(finder)
        functions += finder.functions
        classes += finder.classes
    return list(dict.fromkeys(functions)), list(dict.fromkeys(classes))


class _Roots(cst.CSTVisitor):
    def __init__(self) -> None:
        self.functions: list[str] = []
        self.classes: list[str] = []

    def visit_Call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Name):
            self.functions.append(node.func.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)  # the keyword is a name, too
        return False

    def visit_Name(self, node: cst.Name) -> None:
        if node.value not in self.functions:
            self.classes.append(node.value)


class Module(NamedTuple):
    """What a file calls a module that it imports, and the module."""

    name: str
    path: str


class Names:
    """What a file calls things at a node."""

    def __init__(self, tree: cst.MetadataWrapper, node: cst.CSTNode) -> None:
        scopes, self._parents = tree.resolve(ScopeProvider), tree.resolve(ParentNodeProvider)
        self._scope: Any = scopes[node]
        self._module = tree.module

    def has(self, name: str) -> bool:
        """Whether a name stands for something there, when the program runs."""
        return any(not self._is_under_types(each) for each in self._assignments(name))

    def imported_as(self, module: str, name: str) -> str:
        """Return what the file calls a name of a module, which it imports alone: `loaded` for `selectinload as loaded`.

        Empty where it does not.
        """
        return next((bound for bound, what in self._imports() if what == f"{module}.{name}"), "")

    def module_as(self, module: str) -> str:
        """Return what the file calls a module that it imports as such: `orm`. Empty where it does not."""
        return next((bound for bound, what in self._imports() if what == module), "")

    def module_of_attribute(self, name: str) -> Module | None:
        """Return the module that the file reads a name from, `models` of `models.User`; None where it does not."""
        imports = dict(self._imports())
        for node in nodes_below(self._module):
            if isinstance(node, cst.Attribute) and node.attr.value == name:
                module = node.value.value if isinstance(node.value, cst.Name) else ""
                if module in imports:
                    return Module(module, imports[module])
        return None

    def is_for_types(self, name: str) -> bool:
        """Whether a name is known to type checkers, and not when the program runs."""
        return bool(self._assignments(name)) and not self.has(name)

    def alias_in(self, call: cst.CSTNode) -> str:
        """Return the name of the one alias that a statement selects. Raises NotUnderstood."""
        names = {name for name in self._names_of(call, 3) if self._is_alias(name)}
        if len(names) != 1:
            raise NotUnderstood("it selects by an alias whose name cannot be told")
        return names.pop()

    def _names_of(self, node: cst.CSTNode, depth: int) -> Iterator[str]:
        """Yield the names in a node, and in what they were made of."""
        for name in sorted(names_in(node)):
            yield name
            for value in self._values(name) if depth else ():
                yield from self._names_of(value, depth - 1)

    def _is_alias(self, name: str) -> bool:
        return any(isinstance(value, cst.Call) and _last_name(value.func) == "aliased" for value in self._values(name))

    def _values(self, name: str) -> list[cst.BaseExpression]:
        """Return what is assigned to a name."""
        nodes = [self._parents.get(each.node) for each in self._assignments(name) if isinstance(each, Assignment)]
        statements = [self._parents.get(node) if isinstance(node, cst.AssignTarget) else node for node in nodes]
        return [
            statement.value
            for statement in statements
            if isinstance(statement, (cst.Assign, cst.AnnAssign)) and statement.value
        ]

    def _imports(self) -> Iterator[tuple[str, str]]:
        """Yield each name that an import of the module binds, and what it is."""
        for each in self._scope.globals.assignments:
            if isinstance(each, ImportAssignment) and not self._is_under_types(each):
                for imported in each.get_qualified_names_for(each.name):
                    yield each.name, imported.name

    def _assignments(self, name: str) -> list[Any]:
        return list(self._scope[name])

    def _is_under_types(self, assignment: Any) -> bool:
        """Whether a name is imported under `if TYPE_CHECKING:`."""
        node = getattr(assignment, "node", None)
        while node is not None:
            node = self._parents.get(node)
            if isinstance(node, cst.If) and _last_name(node.test) == "TYPE_CHECKING":
                return True
        return False


def _last_name(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""
