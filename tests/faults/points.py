"""Points at which the guard's own code can be made to fail: at the start of each function, and after each statement.

The package is rewritten as it is imported, so that every function has them, also one that is written tomorrow. No
frame is added and no line moves: what reads the stack sees what it sees without the points.
"""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, NamedTuple

PACKAGE = "query_guard"
_REACH = "__reach__"
_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)


class Point(NamedTuple):
    """Where a fault may be raised: at the start of a function, or after its statement at `line`."""

    function: str
    line: int
    is_start: bool

    def __str__(self) -> str:
        return f"{self.function}, {'at its start' if self.is_start else f'after line {self.line}'}"


class Points:
    """All points of the package, those that were reached, and the one that raises."""

    def __init__(self) -> None:
        self.known: list[Point] = []
        self.reached: dict[int, None] = {}
        self._armed = -1
        self._error: type[BaseException] = Exception
        self._lock = threading.Lock()

    def add(self, point: Point) -> int:
        self.known.append(point)
        return len(self.known) - 1

    def arm(self, number: int, error: type[BaseException]) -> None:
        """Let a point raise: each time for an ordinary exception, once for what may come from outside at any time."""
        self._armed, self._error = number, error

    def disarm(self) -> None:
        self._armed = -1

    def reach(self, number: int) -> None:
        if number != self._armed:
            self.reached[number] = None
            return
        with self._lock:
            if number != self._armed:  # another thread was first
                return
            if not issubclass(self._error, Exception):
                self.disarm()
        raise self._error(f"{self.known[number]}")


points = Points()


class _Rewriter(ast.NodeTransformer):
    def __init__(self, module: str) -> None:
        self._names = [module]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._names.append("<lambda>")
        self.generic_visit(node)
        node.body = ast.copy_location(ast.BoolOp(ast.Or(), [self._reach(node, True), node.body]), node)
        self._names.pop()
        return node

    def _function(self, node: Any) -> ast.stmt:
        self._names.append(node.name)
        start = ast.copy_location(ast.Expr(self._reach(node, True)), node.body[0])
        has_docstring = ast.get_docstring(node, clean=False) is not None
        self.generic_visit(node)
        node.body = self._block(node.body)
        node.body.insert(1 if has_docstring else 0, start)
        self._names.pop()
        rewritten: ast.stmt = ast.fix_missing_locations(node)
        return rewritten

    def _block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Put a point behind each simple statement, at every depth of the function's own body."""
        block: list[ast.stmt] = []
        for statement in statements:
            block.append(statement)
            for field in ("body", "orelse", "finalbody"):
                if getattr(statement, field, None) and not isinstance(
                    statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
                ):
                    setattr(statement, field, self._block(getattr(statement, field)))
            for handler in getattr(statement, "handlers", ()):
                handler.body = self._block(handler.body)
            if isinstance(statement, _SIMPLE) and not isinstance(getattr(statement, "value", None), ast.Constant):
                block.append(ast.copy_location(ast.Expr(self._reach(statement, False)), statement))
        return block

    def _reach(self, node: Any, is_start: bool) -> ast.Call:
        number = points.add(Point(".".join(self._names).removeprefix(f"{PACKAGE}."), node.lineno, is_start))
        call = ast.Call(ast.Name(_REACH, ast.Load()), [ast.Constant(number)], [])
        return ast.fix_missing_locations(ast.copy_location(call, node))


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        """Compile the rewritten source; what is cached on disk is the source as it stands."""
        path = self.get_filename(fullname)
        tree = _Rewriter(fullname).visit(ast.parse(self.get_data(path), path))
        code: CodeType = compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[_REACH] = points.reach
        super().exec_module(module)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != PACKAGE and not fullname.startswith(f"{PACKAGE}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
            spec.loader = _Loader(fullname, spec.origin)
        return spec


def rewrite_imports() -> None:
    """Rewrite the package from here on; to be called before it is imported."""
    if PACKAGE in sys.modules:
        raise RuntimeError(f"{PACKAGE} has been imported already, so that it cannot be rewritten any more")
    sys.meta_path.insert(0, _Finder())
