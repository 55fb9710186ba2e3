"""The tour's quotations are still true: its files exist, and its lines lie where they say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from example_app.core.settings import Settings
from example_app.routers.anti_patterns.pairs import PAIRS

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
README = (ROOT / "example_app" / "README.md").read_text()
SITES = {*re.findall(r"(example_app/[\w/]+\.py):(\d+) in (\w+)", README)}
FILES = {*re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", README)}


@pytest.mark.parametrize(("file", "line", "function"), sorted(SITES))
def test_a_quoted_line_lies_in_its_function(file: str, line: str, function: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    named = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    spans = [range(node.lineno, (node.end_lineno or 0) + 1) for node in named if node.name == function]
    assert any(int(line) in span for span in spans)


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_file_that_is_named_exists(file: str) -> None:
    assert (ROOT / "example_app" / file).is_file()


def test_every_kind_and_setting_is_named() -> None:
    kinds = {pair.look_for for pair in PAIRS if pair.proof is None}
    assert [kind for kind in sorted(kinds) if kind not in README] == []
    settings = [name.upper() for name in Settings.model_fields]
    assert [name for name in settings if name not in README and f"`_{name.partition('_')[2]}`" not in README] == []


def test_the_number_of_pairs_is_right() -> None:
    assert f"{len(PAIRS)} pairs" in README
    assert f"{len(PAIRS)} mistakes" in (ROOT / "README.md").read_text()
