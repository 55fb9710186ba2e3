"""The limits that the marker of a test sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pytest

from query_guard.pytest_plugin.settings import MODES

if TYPE_CHECKING:
    from query_guard.records import Allowance


class Limits(NamedTuple):
    """The arguments of the marker. `mode` replaces that of the run, unless the run's is off."""

    max_queries: int | None = None
    allow: Sequence[str | Allowance] = ()
    mode: str = ""
    max_time: float | None = None
    """Seconds that the database may take."""
    fail_on: Collection[str] | None = None

    @property
    def are_set(self) -> bool:
        return self.max_queries is not None or self.max_time is not None


class WrongMarker(Exception):
    """A marker has a wrong argument; the message is one line."""


def limits_of(item: pytest.Item) -> Limits:
    """Read the marker; raises WrongMarker."""
    marker = item.get_closest_marker("query_guard")
    if marker is None:
        return Limits()
    unknown = {*marker.kwargs} - {*Limits._fields}
    if marker.args or unknown:
        unexpected = repr(min(unknown)) if unknown else "positional values"
        raise WrongMarker(
            f"the marker query_guard takes max_queries=, max_time=, allow=, mode= and fail_on=, not {unexpected}"
        )
    mode = marker.kwargs.get("mode", "")
    if mode and mode not in MODES:
        raise WrongMarker(f"the mode of the marker query_guard must be off, warn or fail, not {mode!r}")
    limits = Limits(**marker.kwargs)
    try:
        if limits != Limits(mode=mode):
            _check(limits)
    except ValueError as error:
        raise WrongMarker(str(error)) from None
    return limits


def _check(limits: Limits) -> None:
    """Check the values; raises ValueError."""
    from query_guard.testing.assertions import check_allowances, check_number, check_time
    from query_guard.testing.kinds import checked_kinds

    if limits.max_queries is not None:
        check_number("query_guard(max_queries=...)", limits.max_queries)
    if limits.max_time is not None:
        check_time("query_guard(max_time=...)", limits.max_time)
    if limits.fail_on is not None:
        checked_kinds("query_guard(fail_on=...)", limits.fail_on)
    check_allowances("query_guard", limits.allow)
