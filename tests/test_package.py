"""Promises about the package as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import query_guard
from query_guard.detectors import DEFAULTS, OPT_IN, SlowStatement, defaults

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "query_guard").rglob("*.py"))


def kinds() -> Iterator[tuple[str, Path]]:
    """Yield each detector's kind and the file that holds it."""
    for file in (ROOT / "src" / "query_guard" / "detectors").glob("*.py"):
        match = re.search(r'^KIND = "(\w+)"$', file.read_text(), re.MULTILINE)
        if match:
            yield match[1], file


def test_every_kind_is_a_default_or_opt_in() -> None:
    assert len(list(kinds())) == len(DEFAULTS) + len(OPT_IN)


@pytest.mark.parametrize(("kind", "home"), list(kinds()), ids=[kind for kind, _ in kinds()])
def test_no_kind_is_named_outside_its_own_file(kind: str, home: Path) -> None:
    for file in SOURCES:
        literals = {node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)}
        assert file == home or kind not in literals, f"{file.name} names {kind}"


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, query_guard; "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('sqlalchemy', 'starlette', 'structlog')"
        " or m.startswith('query_guard.')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("first", ["QueryGuard, fingerprint", "fingerprint, QueryGuard"])
def test_fingerprint_can_be_called_although_its_module_bears_its_name(first: str) -> None:
    code = f"from query_guard import {first}; print(fingerprint('select 1').text)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "SELECT ?\n"
    )


def test_every_public_name_can_be_imported() -> None:
    for name in query_guard.__all__:
        assert getattr(query_guard, name) is not None
    with pytest.raises(AttributeError, match="module 'query_guard' has no attribute 'nothing'"):
        _ = query_guard.nothing


def test_a_default_detector_is_replaced_by_its_type() -> None:
    replaced = defaults(SlowStatement(seconds=0.2))
    assert [type(one) for one in replaced] == [*DEFAULTS]
    assert [one.seconds for one in replaced if isinstance(one, SlowStatement)] == [0.2]


def test_detectors_of_the_users_own_come_last() -> None:
    def mine(_facts: query_guard.Facts) -> list[query_guard.Finding]:
        return []

    def yours(_facts: query_guard.Facts) -> list[query_guard.Finding]:
        return []

    assert defaults(mine, yours)[len(DEFAULTS) :] == (mine, yours)


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert query_guard.__version__ == project["version"]
