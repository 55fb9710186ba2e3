"""The marker of a test: what it sets, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.pytest_plugin.limits import Limits, WrongMarker, limits_of

TAKEN = "the marker query_guard takes max_queries=, max_time=, allow=, mode= and fail_on=, not "


def limits_with(request: pytest.FixtureRequest, *values: Any, **arguments: Any) -> Limits:
    """Return the limits of this very test with one more marker, which nobody else reads: the test has begun."""
    request.node.add_marker(pytest.mark.query_guard(*values, **arguments))
    return limits_of(request.node)


def test_without_a_marker_there_are_none(request: pytest.FixtureRequest) -> None:
    limits = limits_of(request.node)
    assert limits == Limits()
    assert not limits.are_set


@pytest.mark.parametrize(
    ("fields", "are_set"),
    [
        ({}, False),
        ({"max_queries": 0}, True),
        ({"max_time": 0}, True),
        ({"max_queries": 1, "max_time": 0.5}, True),
        ({"mode": "warn"}, False),
        ({"mode": "off", "allow": ("n_plus_one",)}, False),
        ({"fail_on": ["n_plus_one"]}, False),
    ],
)
def test_only_numbers_are_limits(fields: dict[str, Any], are_set: bool, request: pytest.FixtureRequest) -> None:
    limits = limits_with(request, **fields)
    assert limits == Limits(**fields)
    assert limits.are_set is are_set


@pytest.mark.parametrize(
    ("values", "arguments", "told"),
    [
        ((3,), {}, f"{TAKEN}positional values"),
        ((3,), {"max_queries": 3}, f"{TAKEN}positional values"),
        ((3,), {"most": 3}, f"{TAKEN}'most'"),
        ((), {"zero": 1, "all": 1}, f"{TAKEN}'all'"),
        ((), {"mode": "strict"}, "the mode of the marker query_guard must be off, warn or fail, not 'strict'"),
        (
            (),
            {"max_queries": -1},
            "query_guard(max_queries=...): the number of queries must be an integer of at least 0, not -1",
        ),
        (
            (),
            {"max_time": -1, "mode": "warn"},
            "query_guard(max_time=...): the time must be a number of seconds of at least 0, not -1",
        ),
        (
            (),
            {"fail_on": "n_plus_one"},
            "query_guard(fail_on=...) must be a collection of kinds, such as {'n_plus_one'}, not a text",
        ),
        ((), {"allow": ["n_plus_on"]}, "query_guard: allow: there is no kind 'n_plus_on'; did you mean 'n_plus_one'?"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    values: tuple[int, ...], arguments: dict[str, Any], told: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(WrongMarker) as raised:
        limits_with(request, *values, **arguments)
    assert str(raised.value) == told
