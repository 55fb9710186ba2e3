"""Run the tests that may notice a change of some lines, the quickest first, and stop at the first that does.

`python -m tests.mutants.noticing COVERING SRC_FILE FIRST_LINE LAST_LINE`; the exit code is pytest's.
"""

from __future__ import annotations

import ast
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.mutants.kept import read

AT_FIRST = 30
"""How many tests run before the others: they are in few files, and to import all takes longer than to run them."""
PATIENCE = 60.0
"""Seconds that the tests of a mutant may take together, by what they took before: the quickest are chosen."""
LIMIT = 90.0
"""Seconds after which no further test begins, on a machine that is slower than it was then."""
WITHOUT = ("cacheprovider", "hypothesispytest", "faker", "random_order")
"""Plugins that no test needs, and that take as long to import as most tests to run."""
SERVED = ("psycopg", "asyncpg", "postgres")
"""What the names of tests tell that need a server, which takes its time to start."""


class Chosen:
    """A pytest plugin that runs some tests only, in a given order, until there is no more time."""

    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}
        self.ends = time.monotonic() + LIMIT
        self.ended = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.places]
        items[:] = sorted(chosen, key=lambda item: self.places[item.nodeid])

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        if time.monotonic() > self.ends:
            self.ended = True
            item.session.shouldstop = "no time for further tests"

    def verdict(self, code: int) -> int:
        """Return pytest's exit code, or 0 if it only says that time was short, or that no test was left to run."""
        nothing = (pytest.ExitCode.NO_TESTS_COLLECTED, *([pytest.ExitCode.INTERRUPTED] if self.ended else []))
        return 0 if code in nothing else code


def tests_for(lines: Mapping[str, Sequence[str]], first: int, last: int, source: str) -> set[str]:
    """Return the tests that ran a line of a range; few run what a module does when it is imported.

    So those count that ran a line with the name that is assigned there, or the body of the function whose decorators
    or arguments these are. Where none did, return those that ran any line of the function or class around; none, where
    that is no guide either, as of records.
    """
    definitions = _definitions_around(first, source)
    headed = [line for body, lines_of in definitions if first < body for line in lines_of]
    for around in (
        (*range(first, last + 1), *_uses(first, source), *headed),
        *[lines_of for _, lines_of in definitions],
    ):
        found = {test for line in around for test in lines.get(str(line), ())}
        if found:
            return found
    return set()


def _uses(line: int, source: str) -> list[int]:
    """Return the lines that name what a line of the module assigns."""
    assigned = [node for node in ast.parse(source).body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    targets = {
        target.id
        for node in assigned
        if node.lineno <= line <= (node.end_lineno or line)
        for target in ast.walk(node)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }
    names = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and node.id in targets)
    return [name.lineno for name in names]


def _definitions_around(line: int, source: str) -> list[tuple[int, range]]:
    """Return first line of the body, and all lines, of the functions and classes that a line is in, innermost first."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    definitions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    begins = [min([node.lineno, *(one.lineno for one in node.decorator_list)]) for node in definitions]
    ranges = [
        (node.body[0].lineno, range(begin, (node.end_lineno or begin) + 1))
        for begin, node in zip(begins, definitions, strict=True)
    ]
    return sorted([found for found in ranges if line in found[1]], key=lambda found: len(found[1]))


def chosen(tests: set[str], seconds: Mapping[str, float]) -> list[str]:
    """Return as many as there is patience for, in the order in which they are to run."""
    quickest = sorted(tests & {*seconds}, key=lambda test: seconds[test])
    spent, some = 0.0, []
    for test in quickest:
        spent += seconds[test]
        if spent > PATIENCE:
            break
        some.append(test)
    return sorted(some, key=lambda test: (any(word in test for word in SERVED), seconds[test]))


def main(covering: str, file: str, first: int, last: int, source: str) -> int:
    known = read(Path(covering), only=file)
    tests = tests_for(known["lines"].get(file, {}), first, last, source) or {*known["seconds"]}
    names = chosen(tests, known["seconds"])
    quickest = sorted(names, key=lambda test: known["seconds"][test])[:AT_FIRST]
    return _in_a_process(quickest) or _in_a_process([name for name in names if name not in quickest])


def _in_a_process(names: Sequence[str]) -> int:
    """Run tests in a process of their own, and return pytest's exit code."""
    if not names:
        return 0
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    files = sorted({name.partition("::")[0] for name in names})
    options = ["-x", "-q", "--tb=line", "-o", "addopts=", *[f"-pno:{plugin}" for plugin in WITHOUT]]
    plugin = Chosen(names)
    code = plugin.verdict(int(pytest.main([*options, *files], plugins=[plugin])))
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    original = Path(sys.argv[5]).read_text()
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), original))
