"""The README is short and true: its Python runs, its kinds are those sought, and what it shows is what one sees."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from query_guard import defaults
from tests.docs.pages import DOCS, block, blocks

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = blocks(README)


@pytest.mark.parametrize("code", [each.code for each in BLOCKS], ids=range(len(BLOCKS)))
def test_each_block_runs(code: str) -> None:
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    engine = names.get("engine")
    if isinstance(engine, Engine):
        engine.dispose()


def test_every_kind_that_is_sought_is_described() -> None:
    table = README.partition("## What it finds")[2].partition("On request")[0]
    described = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(described) == sorted(sys.modules[type(detector).__module__].KIND for detector in defaults())


def test_it_shows_what_the_tutorial_shows() -> None:
    """Which tests/docs holds to what one sees."""
    shown = [each.code for each in blocks(README, "text")]
    assert shown == [block("tutorial.md", "report"), block("tutorial.md", "failure")]


def test_it_fits_on_two_screens() -> None:
    assert len(README.splitlines()) <= 200


def test_its_links_lead_to_pages() -> None:
    links = re.findall(r"\]\((docs/[\w/.-]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_each_figure_of_its_cost_is_measured() -> None:
    cost = README.partition("## What it costs")[2].partition("##")[0]
    figures = {float(number) for number in re.findall(r"about (\d+) (?:us|%)", cost)}
    measured = re.findall(r"\| ([\d.]+) (?:us|%) \(", (DOCS / "performance.md").read_text().partition("## Each")[0])
    assert len(figures) == 3
    assert figures <= {float(round(float(number))) for number in measured}
