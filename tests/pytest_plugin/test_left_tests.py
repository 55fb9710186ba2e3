"""How the summary names tests that were not run again."""

from __future__ import annotations

import pytest

from query_guard.pytest_plugin.trials import _not_tried


@pytest.mark.parametrize(
    ("number", "names"), [(1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (9, "0, 1, 2 and 6 more")]
)
def test_three_of_them_are_named(number: int, names: str) -> None:
    assert _not_tried([str(n) for n in range(number)]) == (
        f"not run again, since they have committed: {names}; where each test makes its own database, give "
        "--query-guard-try-commits"
    )
