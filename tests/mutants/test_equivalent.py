"""What is listed as a change without effect is a change of a line that is still there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text())["mutant"]


@pytest.mark.once
@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: f"{entry['file']}-{entry['after']}")
def test_a_listed_mutant_has_a_reason_and_its_line_still_stands(entry: dict[str, str]) -> None:
    lines = [line.strip() for line in (ROOT / entry["file"]).read_text().splitlines()]
    assert [line for line in entry["before"].splitlines() if line not in lines] == []
    assert entry["after"] != entry["before"]
    assert entry["why"].endswith(".")
