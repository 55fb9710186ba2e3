"""How much of a thing: a little in each run, and the long version for `pytest -m soak`."""

from __future__ import annotations

import pytest


def sizes(short: int, long: int) -> list[object]:
    return [pytest.param(short, id="short"), pytest.param(long, id="long", marks=pytest.mark.soak)]
