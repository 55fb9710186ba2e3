"""How long a line of the log may be."""

from __future__ import annotations

import pytest

from query_guard.reporters.lines import cut, line_of


@pytest.mark.parametrize(("text", "shown"), [("abcd", "abcd"), ("abcde", "abcde"), ("abcdef", "abcd…")])
def test_a_text_that_is_cut_is_as_wide_as_it_may_be(text: str, shown: str) -> None:
    assert cut(text, 5) == shown


@pytest.mark.parametrize(
    ("length", "shown"), [(75, f"{'a' * 75}.py"), (76, f"…{'a' * 74}.py"), (200, f"…{'a' * 74}.py")]
)
def test_of_a_long_path_the_end_is_shown(length: int, shown: str) -> None:
    fields = {"file": f"{'a' * length}.py", "line": 7, "route": "", "kind": "slow_statement", "times": 1}
    text = line_of("query_guard.finding", {**fields, "summary": "SELECT took 500 ms", "fix": "Add an index"})
    assert text == f"query_guard.finding {shown}:7: slow_statement: SELECT took 500 ms; fix: Add an index"
