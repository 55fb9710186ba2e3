"""The README's Python runs, and its options are those that exist."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from query_guard import QueryGuard, defaults

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.once

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_each_block_runs(block: str) -> None:
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    engine = names.get("engine")
    if isinstance(engine, Engine):
        engine.dispose()


def names_of_tests(block: str) -> list[str]:
    return re.findall(r"^ *def (test_\w+)", block, re.MULTILINE)


def test_there_are_blocks_and_tests_among_them() -> None:
    assert len(BLOCKS) >= 8
    assert sum(len(names_of_tests(block)) for block in BLOCKS) >= 3


CLIENT = """
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from query_guard import QueryGuard

@pytest.fixture
def client():
    app = FastAPI()
    app.add_middleware(QueryGuard)
    app.get("/")(lambda: None)
    with TestClient(app) as client:
        yield client
"""


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if names_of_tests(block)], ids=lambda block: names_of_tests(block)[0]
)
def test_the_tests_in_it_pass(block: str, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CLIENT)
    pytester.makepyfile(block)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")
    result.assert_outcomes(passed=len(names_of_tests(block)))


def test_every_option_is_described() -> None:
    table = README.partition("## Options")[2].partition("\n`QUERY_GUARD")[0]
    described = re.findall(
        r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    )
    options = [name for name in inspect.signature(QueryGuard).parameters if name != "app"]
    assert sorted(described) == sorted(options)


def test_every_kind_that_is_sought_is_described() -> None:
    table = README.partition("## What it finds")[2].partition("On request")[0]
    described = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(described) == sorted(sys.modules[type(detector).__module__].KIND for detector in defaults())
