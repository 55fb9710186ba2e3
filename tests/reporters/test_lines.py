"""How long a line of the log may be."""

from __future__ import annotations

import pytest

from query_guard.reporters.lines import cut


@pytest.mark.parametrize(("text", "shown"), [("abcd", "abcd"), ("abcde", "abcde"), ("abcdef", "abcd…")])
def test_a_text_that_is_cut_is_as_wide_as_it_may_be(text: str, shown: str) -> None:
    assert cut(text, 5) == shown
