"""Promises about the package as a whole."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import query_guard
from query_guard import testing
from query_guard.detectors import DEFAULTS, OPT_IN, SlowStatement, defaults
from query_guard.history.memory import MemoryHistory
from query_guard.reporters.log import LogReporter
from query_guard.reporters.telemetry import TelemetryReporter
from query_guard.reporters.text import TextReporter

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


@pytest.mark.parametrize(
    ("public", "by_position"),
    [
        (query_guard.QueryGuard, ["app"]),
        (query_guard.record, ["name"]),
        (query_guard.Allowance, ["pattern", "reason", "until"]),
        (query_guard.fingerprint, ["sql", "dialect"]),
        (testing.record_queries, ["name"]),
        (testing.assert_max_queries, ["number"]),
        (testing.assert_num_queries, ["number"]),
        (testing.assert_no_findings, []),
        (testing.assert_constant_queries, ["call", "populate", "scales", "warm_up"]),
        (testing.allow_in_process, ["patterns"]),
        (LogReporter, ["release"]),
        (TelemetryReporter, ["meter_provider"]),
        (TextReporter, ["stream"]),
        (MemoryHistory, ["reports", "megabytes"]),
    ],
    ids=lambda given: getattr(given, "__name__", None),
)
def test_all_other_options_are_given_by_name(public: Callable[..., object], by_position: list[str]) -> None:
    parameters = inspect.signature(public).parameters.values()
    assert [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD] == by_position
    assert {one.kind for one in parameters} <= {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


def test_without_its_debug_endpoint_an_application_does_not_import_it() -> None:
    code = (
        "import sys; from query_guard import QueryGuard; QueryGuard(None, reporters=[]); "
        "print([name for name in sys.modules if name.startswith(('query_guard.debug.endpoint', 'query_guard.fixing'))])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


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
