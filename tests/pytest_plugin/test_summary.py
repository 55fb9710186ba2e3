"""How much the summary of a run shows."""

from __future__ import annotations

import pytest

from query_guard.pytest_plugin.summary import _shortened


@pytest.mark.parametrize(("number", "last"), [(1, "of 1"), (20, "of 20"), (21, "and 1 more"), (30, "and 10 more")])
def test_of_many_entries_the_first_twenty_are_shown_whole(number: int, last: str) -> None:
    lines = _shortened([[f"entry {n}", f"of {n}"] for n in range(1, number + 1)])
    assert lines[:2] == ["entry 1", "of 1"]
    assert (len(lines), lines[-1]) == (min(2 * number, 41), last)
