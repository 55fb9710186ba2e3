"""What the marker of a test says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import pytest

from query_guard.pytest_plugin.settings import MODES

if TYPE_CHECKING:
    from query_guard.records import Allowance


class Limits(NamedTuple):
    """The arguments of the marker. `mode` stands in for that of the run, unless it is off."""

    max_queries: int | None = None
    allow: Sequence[str | Allowance] = ()
    mode: str = ""


def limits_of(item: pytest.Item) -> Limits:
    """Read the marker; raises pytest.UsageError or ValueError."""
    marker = item.get_closest_marker("query_guard")
    if marker is None:
        return Limits()
    unknown = {*marker.kwargs} - {*Limits._fields}
    if marker.args or unknown:
        given = repr(min(unknown)) if unknown else "positional values"
        raise pytest.UsageError(
            f"{item.nodeid}: the marker query_guard takes max_queries=, allow= and mode=, not {given}"
        )
    mode = marker.kwargs.get("mode", "")
    if mode and mode not in MODES:
        raise pytest.UsageError(
            f"{item.nodeid}: the mode of the marker query_guard must be off, warn or fail, not {mode!r}"
        )
    number = marker.kwargs.get("max_queries")
    if number is not None:
        from query_guard.testing.assertions import check_number

        check_number("query_guard(max_queries=...)", number)
    return Limits(**marker.kwargs)
